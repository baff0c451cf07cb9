//! Measures one case of one library. `cargo bench` starts it.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match opentracing_bench::measure(std::env::args().skip(1), None) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other way to report this error.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

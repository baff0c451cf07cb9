//! Measures one case of one library. `cargo bench` starts it.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match opentracing_bench::measure(std::env::args().skip(1), None) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails too.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

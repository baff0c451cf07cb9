//! `cargo bench -p opentracing-bench --bench tracing`: see the README.

use std::io::Write;
use std::process::ExitCode;

use opentracing_bench::{Programs, tracing_layers};

fn main() -> ExitCode {
    let programs = Programs {
        measure: env!("CARGO_BIN_EXE_measure").into(),
        measure_allocations: env!("CARGO_BIN_EXE_measure_allocations").into(),
    };
    match tracing_layers(std::env::args().skip(1), &programs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other way to report this error.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

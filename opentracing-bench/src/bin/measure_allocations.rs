//! Measures one case of one library with a counting allocator. `cargo bench` starts it.

use std::alloc::System;
use std::io::Write;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn allocations() -> u64 {
    let stats = ALLOCATOR.stats();
    (stats.allocations + stats.reallocations) as u64
}

fn main() -> ExitCode {
    match opentracing_bench::measure(std::env::args().skip(1), Some(allocations)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other way to report this error.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

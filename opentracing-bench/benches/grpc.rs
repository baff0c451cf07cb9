//! `cargo bench -p opentracing-bench --bench grpc`: see the README.

use std::alloc::System;
use std::io::Write;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts the allocations of all kinds.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn allocations() -> u64 {
    let stats = ALLOCATOR.stats();
    (stats.allocations + stats.reallocations) as u64
}

fn main() -> ExitCode {
    match opentracing_bench::grpc(std::env::args().skip(1), allocations) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other way to report this error.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

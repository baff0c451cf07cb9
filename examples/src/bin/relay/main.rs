//! A traced service that forwards requests: one hop in a trace through services with different tracers.

mod call;
mod options;
mod post;
mod relay;

use std::process::ExitCode;

use crate::options::{HELP, Options};

fn main() -> ExitCode {
    examples::run(&[HELP, examples::REPORT_HELP].join("\n"), Options::parse, relay::run)
}

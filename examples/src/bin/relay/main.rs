//! A traced service that passes requests on: one hop in a trace that goes through services of different making.

mod call;
mod options;
mod post;
mod relay;

use std::process::ExitCode;

use crate::options::{HELP, Options};

fn main() -> ExitCode {
    examples::run(&[HELP, examples::REPORT_HELP].join("\n"), Options::parse, relay::run)
}

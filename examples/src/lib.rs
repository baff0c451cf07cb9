//! Shared by the example programs: the start of `main`, the option `--report`, and a server with graceful shutdown.

#[cfg(doctest)]
mod docs;
mod program;
mod report;
mod server;

pub use crate::program::{BoxError, run, say};
pub use crate::report::{Deliveries, Environment, InvalidReport, REPORT_HELP, Report};
pub use crate::server::{Server, Stopped, interruption};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

//! What the example programs share: the frame of `main`, the places where spans go, a server that stops when it is told to.

#[cfg(doctest)]
mod docs;
mod program;
mod report;
mod server;

pub use crate::program::{BoxError, run, say};
pub use crate::report::{Environment, InvalidReport, Ledger, REPORT_HELP, Report};
pub use crate::server::{Server, Stopped, interruption};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

//! What the example programs share: the frame of `main`, the way of spans to the terminal, a server that stops when it is told to.

mod program;
mod report;
mod server;

pub use crate::program::{BoxError, run, say};
pub use crate::report::{InvalidReport, Report};
pub use crate::server::{Server, Stopped, interruption};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

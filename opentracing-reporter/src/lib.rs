//! Takes the finished spans of `opentracing-core` out of the process.

mod batch_reporter;
#[cfg(feature = "console")]
mod console;
mod guard;
mod lane;
mod transport;

pub use crate::batch_reporter::BatchReporter;
#[cfg(feature = "console")]
pub use crate::console::{Colors, Console, Logs, Tags};
pub use crate::guard::FlushGuard;
pub use crate::transport::{Outcome, Reason, Transport};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

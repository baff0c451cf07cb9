//! The batch reporter: the queue and statistics of each transport, and the guard that flushes at the end of the program.

mod batch_reporter;
pub(crate) mod check;
mod guard;
mod managed_transport;
#[cfg(all(unix, feature = "signals"))]
mod terminate;

pub use self::batch_reporter::BatchReporter;
pub use self::guard::FlushGuard;
#[cfg(feature = "env")]
pub(crate) use self::managed_transport::OwnLimits;

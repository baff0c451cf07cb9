//! The batch reporter: its queue and statistics for each transport, and the guard that flushes at the end of the program.

mod batch_reporter;
mod guard;
mod lane;

pub use self::batch_reporter::BatchReporter;
pub use self::guard::FlushGuard;

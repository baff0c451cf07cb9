//! When a request may be sent: back-off after failures, pace between requests, and the clock that both go by.

mod backoff;
mod pace;
mod timer;

pub(crate) use self::backoff::{Backoff, FLUSH};
pub(crate) use self::pace::{Pace, Turn};
pub(crate) use self::timer::SystemTimer;
pub use self::timer::Timer;

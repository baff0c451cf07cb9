//! When a request may be sent: backoff after failures, the pace between requests, and the clock that both use.

mod backoff;
mod clock;
mod pace;

pub(crate) use self::backoff::{Backoff, FLUSH_BACKOFF};
pub(crate) use self::clock::SystemClock;
pub use self::clock::TransportClock;
pub(crate) use self::pace::{Pace, Permit};

//! The time of a tracer: ticks on the threads that trace, turned into time where spans are drained.

pub(crate) mod counter;
pub(crate) mod line;
pub(crate) mod processor;
pub(crate) mod rate;
pub(crate) mod ticks;
pub(crate) mod timeline;
pub(crate) mod wall;

pub use self::counter::{TickCounter, TickReading};
pub use self::wall::Clock;

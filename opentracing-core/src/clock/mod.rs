//! The time of a tracer. Threads that record spans read ticks, and the drain converts them to time.

pub(crate) mod counter;
pub(crate) mod line;
pub(crate) mod processor;
pub(crate) mod rate;
pub(crate) mod ticks;
pub(crate) mod timeline;
pub(crate) mod wall;

pub use self::counter::{TickCounter, TickReading};
pub use self::wall::Clock;

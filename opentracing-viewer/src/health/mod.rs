//! What tracers say of themselves.

mod tracers;

pub use self::tracers::{LocalHealth, TracerHealth};
pub(crate) use self::tracers::{Watched, health};

//! Records spans: per-thread state, the rings that finished spans leave through, and the drain that empties them.

pub(crate) mod bridge;
#[cfg(feature = "tokio")]
pub(crate) mod current;
pub(crate) mod decisions;
pub(crate) mod drain;
pub(crate) mod ending;
pub(crate) mod flush;
mod hooks;
pub(crate) mod id_generator;
pub(crate) mod inherited;
pub(crate) mod intake;
pub(crate) mod listener;
pub(crate) mod local;
pub(crate) mod names;
pub(crate) mod open;
pub(crate) mod plan;
pub(crate) mod port;
pub(crate) mod recorder;
pub(crate) mod running;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod stock;

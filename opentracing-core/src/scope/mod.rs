//! Which span is active: scopes, futures and streams in a span, tasks of Tokio.

mod activate;
pub(crate) mod active_ids;
pub(crate) mod bridge;
pub(crate) mod in_span;
pub(crate) mod panic_hook;
pub(crate) mod scope;
#[cfg(feature = "tokio")]
pub mod task;

//! The wrapped pool, and the wait for one of its connections.

pub(crate) mod pool;
pub(crate) mod wait;

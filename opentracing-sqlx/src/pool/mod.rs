//! The wrapped pool, its connections, and the wait for one of them.

pub(crate) mod acquire;
pub(crate) mod connection;
mod figures;
pub(crate) mod options;
pub(crate) mod pool;

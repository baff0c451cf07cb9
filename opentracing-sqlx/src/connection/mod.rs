//! The wrapped connection, and the transaction on it.

pub(crate) mod connection;
pub(crate) mod transaction;

//! The wrapped connection, and the transaction on it.

pub(crate) mod connection;
mod history;
pub(crate) mod transaction;

//! The wrapped connection, and the transaction on it.

pub(crate) mod acquire;
pub(crate) mod connection;
pub(crate) mod generic;
pub(crate) mod history;
pub(crate) mod source;
pub(crate) mod transaction;

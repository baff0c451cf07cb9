//! The traced connection, and the ways to open one.

pub(crate) mod builder;
mod connect;
pub(crate) mod connection;

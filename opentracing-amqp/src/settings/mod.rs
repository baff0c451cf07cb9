//! The settings, and the address of the broker.

pub(crate) mod peer;
pub(crate) mod settings;

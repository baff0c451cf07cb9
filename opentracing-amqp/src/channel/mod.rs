//! The traced channel, and traced calls on lapin's own channel.

pub(crate) mod any_channel;
pub(crate) mod channel;
pub(crate) mod extension;
mod forward;

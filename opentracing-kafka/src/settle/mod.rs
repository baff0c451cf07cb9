//! Handling a message and settling it by a policy.

pub(crate) mod forward;
pub(crate) mod policy;
mod settling;

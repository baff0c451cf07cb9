//! Handling deliveries and settling them by a policy.

pub(crate) mod policy;

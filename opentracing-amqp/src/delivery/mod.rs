//! The span of a delivery, from its start until it is settled or dropped.

pub(crate) mod delivery;
pub(crate) mod get;
pub(crate) mod open_deliveries;
pub(crate) mod settle;
pub(crate) mod source;

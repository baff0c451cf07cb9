//! The spans of deliveries: one per attempt to handle a delivery, until the delivery is settled or dropped.

pub(crate) mod batch;
pub(crate) mod delivery;
pub(crate) mod earlier;
pub(crate) mod get;
pub(crate) mod open_deliveries;
pub(crate) mod settle;
pub(crate) mod source;
pub(crate) mod spans;

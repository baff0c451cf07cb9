//! The headers of a record, whose names may be any bytes.

pub(crate) mod carrier;
pub(crate) mod raw;

//! The headers of a record, whose names may be any bytes: contexts, captured headers, and their size.

pub(crate) mod carrier;
pub(crate) mod context;
pub(crate) mod origin;
pub(crate) mod raw;
pub(crate) mod size;

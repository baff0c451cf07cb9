//! The error for a request that cannot be read at all.

use std::error::Error;
use std::fmt;

/// The error for a request that cannot be read at all. Says where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidRequest(pub(super) String);

impl InvalidRequest {
    pub(crate) fn new(message: String) -> Self {
        InvalidRequest(message)
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidRequest {}

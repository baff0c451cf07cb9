//! Encoded spans: how a backend encodes them, how they are grouped into requests, and the queue in which they wait.

mod backlog;
mod encoded;
mod encoding;

pub(crate) use self::backlog::Backlog;
pub(crate) use self::encoded::{Encoded, End, Pieces};
pub(crate) use self::encoding::{Accepted, Detail, Encoding, RequestLimits};

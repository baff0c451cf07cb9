//! The plain data of a trace: ids, contexts, baggage, tags, values, limits. Depends on the codecs of `wire` only.

pub(crate) mod active_ids;
pub(crate) mod baggage;
pub(crate) mod context;
pub(crate) mod decision;
pub(crate) mod error_texts;
pub(crate) mod ids;
pub(crate) mod kind;
pub(crate) mod limits;
pub mod logs;
mod meta;
pub(crate) mod span_name;
pub(crate) mod start_tags;
pub(crate) mod tag_value;
pub mod tags;
pub(crate) mod unfinished;
pub(crate) mod value;
pub(crate) mod vendor;

//! The rules of messaging that adapters share: which headers become tags, and what a handler may return.
//!
//! For authors of adapters. A user of an adapter meets only [`HandlerOutput`], as a bound of `handle`.

mod handler_output;
mod message_header_tags;

pub use self::handler_output::HandlerOutput;
pub use self::message_header_tags::MessageHeaderTags;

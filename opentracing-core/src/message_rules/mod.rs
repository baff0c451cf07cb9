//! The rules of messaging that adapters share. For authors of adapters; a user of an adapter meets only [`HandlerOutput`], as a bound of
//! `handle`.
//!
//! # The words of the adapters
//!
//! | word | meaning |
//! |---|---|
//! | `handle(future)`, `handle_blocking(closure)` | runs a handler in a span of the message, any number of times; each further call is a further [attempt](Attempts) with a span of its own. Built on [`Handling`] |
//! | `process(stream, handler)`, `process_mut` | the same for each message of a stream; the second one takes an `AsyncFnMut`, which cannot be spawned |
//! | `SettlePolicy` | what happens to a message after its handler: how often it is attempted, and what follows a success and the last failure |
//! | `handle_and_settle(…, &policy, handler)` | attempts to handle a message and settles it by a policy; returns a `Result` of the `Settlement` |
//! | `Settlement<E>` | what a policy did with a message, with the last error of the handler |
//! | `batch(messages)` | one span for several messages, which refers to each sender |
//! | `without_current_message()` | turns off the [current message](CurrentMessage) |
//!
//! A message is counted by [`Tracer::count_messages`](crate::Tracer::count_messages) when it is received, and again when it was not handled.

mod attempts;
mod context_headers;
#[cfg(feature = "tokio")]
mod current_message;
mod destinations;
mod handler_outcome;
mod handler_output;
mod handling;
mod header_names;
mod message_header_tags;
mod message_headers;
mod senders;

pub use self::attempts::Attempts;
pub use self::context_headers::{ContextFit, ContextHeaders};
#[cfg(feature = "tokio")]
pub use self::current_message::{CurrentMessage, Receiver};
pub use self::destinations::Destinations;
pub use self::handler_outcome::HandlerOutcome;
pub use self::handler_output::HandlerOutput;
pub use self::handling::{Handling, handle_blocking, handle_blocking_in_ref};
pub use self::header_names::HeaderNames;
pub use self::message_header_tags::MessageHeaderTags;
pub use self::message_headers::MessageHeaders;
pub use self::senders::Senders;

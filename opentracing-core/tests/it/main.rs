//! Tests of the public interface, one module a topic.

#[cfg(feature = "mock")]
mod baggage_tags;
#[cfg(feature = "mock")]
mod child;
#[cfg(feature = "mock")]
mod clock;
#[cfg(feature = "mock")]
mod delivery;
#[cfg(feature = "mock")]
mod entered;
#[cfg(all(feature = "mock", unix))]
mod fork;
#[cfg(feature = "http")]
mod forwarded;
mod forwarding;
#[cfg(feature = "mock")]
mod futures;
#[cfg(feature = "mock")]
mod global;
#[cfg(feature = "mock")]
mod harness;
#[cfg(feature = "mock")]
mod holding;
#[cfg(all(feature = "http", feature = "mock"))]
mod http_client;
#[cfg(feature = "http")]
mod http_rules;
#[cfg(feature = "mock")]
mod listener;
mod lost;
#[cfg(feature = "mock")]
mod memory;
#[cfg(feature = "mock")]
mod message_rules;
#[cfg(feature = "mock")]
mod new_trace;
#[cfg(feature = "mock")]
mod open_spans;
#[cfg(feature = "mock")]
mod panics;
mod pools;
mod propagation;
mod properties;
#[cfg(feature = "mock")]
mod red;
#[cfg(feature = "mock")]
mod reentrance;
#[cfg(feature = "mock")]
mod references;
#[cfg(feature = "mock")]
mod reporting;
mod requirements;
mod rest;
#[cfg(feature = "mock")]
mod samplers;
#[cfg(feature = "mock")]
mod sampling;
#[cfg(feature = "mock")]
mod scopes;
mod secrets;
#[cfg(feature = "mock")]
mod secrets_lists;
#[cfg(feature = "mock")]
mod spans;
#[cfg(feature = "mock")]
mod statistics;
#[cfg(feature = "mock")]
mod testbed;
#[cfg(all(feature = "macros", feature = "mock"))]
mod traced;
#[cfg(feature = "mock")]
mod usage;
mod vectors;
#[cfg(feature = "mock")]
mod written_formats;

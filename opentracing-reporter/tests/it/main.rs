//! Tests of the public interface, one module a topic.

#[cfg(feature = "console")]
mod console;
#[cfg(feature = "console")]
mod drawing;
mod logging;
mod reporting;
#[cfg(feature = "console")]
mod scene;
mod shutdown;
mod statistics;
mod transports;
mod types;

//! Tests of the public interface, one module a topic.

#[cfg(feature = "console")]
mod drawing;
#[cfg(feature = "console")]
mod scene;

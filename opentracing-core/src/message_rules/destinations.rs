//! The destinations that are skipped, and those whose messages carry no contexts.

use std::fmt;
use std::sync::Arc;

use crate::tracer::tracer::Tracer;

/// Which destinations are not recorded, and the messages of which carry no contexts.
///
/// A destination is a topic, a queue, an exchange or a routing key. A message may have several names; an empty one is not known and counts
/// for nothing.
///
/// ```
/// use opentracing_core::message_rules::Destinations;
///
/// let mut destinations = Destinations::new();
/// destinations.skip(|name| name.starts_with("health."));
/// destinations.without_propagation_for(|name| name == "legacy");
/// assert!(destinations.skips("health.check") && !destinations.skips("orders"));
/// assert!(destinations.propagates(["orders", "created"]));
/// assert!(!destinations.propagates(["orders", "legacy"]));
/// ```
#[derive(Clone, Default)]
pub struct Destinations {
    skipped: Vec<Arc<Matches>>,
    is_without_propagation: bool,
    without_propagation: Vec<Arc<Matches>>,
}

type Matches = dyn Fn(&str) -> bool + Send + Sync;

impl Destinations {
    /// Records all destinations, with contexts.
    pub const fn new() -> Self {
        Destinations { skipped: Vec::new(), is_without_propagation: false, without_propagation: Vec::new() }
    }

    /// Adds destinations that are not recorded.
    pub fn skip(&mut self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.skipped.push(Arc::new(matches));
    }

    /// Turns contexts off for all messages.
    pub fn without_propagation(&mut self) {
        self.is_without_propagation = true;
    }

    /// Adds destinations whose messages carry no contexts.
    pub fn without_propagation_for(&mut self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.without_propagation.push(Arc::new(matches));
    }

    /// Whether a destination is not recorded.
    pub fn skips(&self, name: &str) -> bool {
        self.skipped.iter().any(|matches| matches(name))
    }

    /// Whether a message with these names carries a context: it is read from received messages.
    pub fn propagates<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> bool {
        let is_off = |name: &str| self.without_propagation.iter().any(|matches| matches(name));
        !self.is_without_propagation
            && (self.without_propagation.is_empty() || !names.into_iter().any(|name| !name.is_empty() && is_off(name)))
    }

    /// Whether a context is written to a message with these names, also according to
    /// [`TracerBuilder::without_message_context`](crate::TracerBuilder::without_message_context).
    pub fn writes_context<'a, N>(&self, tracer: &Tracer, names: N) -> bool
    where
        N: IntoIterator<Item = &'a str> + Clone,
    {
        self.propagates(names.clone())
            && names.into_iter().all(|name| name.is_empty() || tracer.writes_message_context(name))
    }
}

impl fmt::Debug for Destinations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destinations")
            .field("skipped", &self.skipped.len())
            .field("is_without_propagation", &self.is_without_propagation)
            .field("without_propagation", &self.without_propagation.len())
            .finish()
    }
}

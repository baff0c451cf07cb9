//! Operation names and destinations.

/// A queue or exchange, with the operation name of its spans.
#[derive(Debug)]
pub(crate) struct Destination {
    /// For example `process orders`.
    operation_name: Box<str>,
    /// The offset of the destination's name in the operation name.
    name_at: usize,
}

impl Destination {
    pub(crate) fn new(verb: &str, name: &str) -> Self {
        let name = if is_generated(name) { TEMPORARY } else { name };
        Destination { operation_name: [verb, " ", name].concat().into(), name_at: verb.len() + 1 }
    }

    pub(crate) fn operation_name(&self) -> &str {
        &self.operation_name
    }

    pub(crate) fn name(&self) -> &str {
        self.operation_name.get(self.name_at..).unwrap_or_default()
    }
}

/// Replaces generated names, of which there is an unbounded number.
const TEMPORARY: &str = "(temporary)";

/// Whether the broker generated the name: a queue that was declared without a name, or the reply queue of direct reply-to. The name is
/// empty while the broker's name is not known yet.
fn is_generated(name: &str) -> bool {
    name.is_empty() || name.starts_with("amq.gen-") || name.starts_with("amq.rabbitmq.reply-to")
}

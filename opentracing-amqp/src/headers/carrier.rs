//! The header table of a message as a carrier.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, ShortString};
use opentracing_core::propagation::TextMapReader;

use crate::headers::value::text;

/// Reads the headers whose values are text; others count as absent.
pub(crate) struct HeaderReader<'a>(pub(crate) &'a BTreeMap<ShortString, AMQPValue>);

impl TextMapReader for HeaderReader<'_> {
    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.0.iter().for_each(|(name, value)| {
            if let Some(bytes) = text(value) {
                visit(name.as_str(), bytes);
            }
        });
    }
}

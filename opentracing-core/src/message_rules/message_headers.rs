//! The headers of a received message, as a carrier.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::message_rules::header_names::{PLACES, place};
use crate::propagation::{Field, TextMapReader};

/// The headers of a received message, collected once because each format reads several. A carrier for
/// [`Tracer::extract`](crate::Tracer::extract).
///
/// Names match in any letter case. Up to twelve headers are collected without an allocation.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_core::message_rules::MessageHeaders;
/// use opentracing_core::propagation::KafkaHeaders;
///
/// let (tracer, _drain) = Tracer::builder("shop").build();
/// let received = [("tenant", "acme"), ("TraceParent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
/// let headers = received.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
/// let headers: MessageHeaders = headers.into_iter().collect();
/// assert_eq!(headers.last_of("Tenant"), Some(&b"acme"[..]));
/// let context = tracer.extract(KafkaHeaders, &headers)?.ok_or("no context")?;
/// assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MessageHeaders<'m> {
    headers: SmallVec<[(&'m [u8], &'m [u8]); 12]>,
    /// The number of headers up to the last one whose name has that place; zero if there is none, and `ALL` if it is not known.
    ends: [u8; PLACES],
}

impl<'m> MessageHeaders<'m> {
    /// The last value of a header.
    pub fn last_of(&self, name: &str) -> Option<&'m [u8]> {
        let name = name.as_bytes();
        self.candidates(name).iter().rev().find(|(other, _)| is_name(other, name)).map(|(_, value)| *value)
    }

    /// The headers that may have this name. The last one usually has it.
    #[inline]
    fn candidates(&self, name: &[u8]) -> &[(&'m [u8], &'m [u8])] {
        match self.ends[place(name)] {
            ALL => &self.headers,
            end => self.headers.get(..usize::from(end)).unwrap_or_default(),
        }
    }
}

const ALL: u8 = u8::MAX;

/// Collects names and values.
impl<'m> FromIterator<(&'m [u8], &'m [u8])> for MessageHeaders<'m> {
    #[inline]
    fn from_iter<I: IntoIterator<Item = (&'m [u8], &'m [u8])>>(headers: I) -> Self {
        let (mut ends, mut count) = ([0; PLACES], 0_u8);
        let add = |(name, _): &(&[u8], &[u8])| {
            count = count.saturating_add(1);
            ends[place(name)] = count;
        };
        let headers = headers.into_iter().inspect(add).collect();
        MessageHeaders { headers, ends }
    }
}

impl TextMapReader for MessageHeaders<'_> {
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        for (name, value) in &self.headers {
            if let Ok(name) = std::str::from_utf8(name) {
                visit(name, value);
            }
        }
    }

    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        let name = field.name().as_bytes();
        self.candidates(name).iter().filter(|(other, _)| is_name(other, name)).for_each(|(_, value)| visit(value));
    }

    fn is_indexed(&self) -> bool {
        true
    }

    fn last(&self, field: &Field) -> Option<Cow<'_, [u8]>> {
        self.last_of(field.name()).map(Cow::Borrowed)
    }
}

/// Compares names in any letter case. The usual spelling comes first.
fn is_name(other: &[u8], name: &[u8]) -> bool {
    other.len() == name.len() && (other == name || other.eq_ignore_ascii_case(name))
}

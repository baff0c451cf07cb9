//! The headers of a context, before they are added to a message.

use smallvec::SmallVec;

use crate::message_rules::header_names::HeaderNames;
use crate::model::logs;
use crate::model::value::Value;
use crate::propagation::{Field, FieldValues, TextMapWriter, has_prefix};
use crate::span::span::Span;
use crate::stats::message_stats::MessageEvent;
use crate::tracer::tracer::Tracer;

/// The headers of a context, collected so that they can be added to a message at once, or left out if the message would become too large.
///
/// A carrier: [`Tracer::inject`](crate::Tracer::inject) fills it.
///
/// ```
/// use opentracing_core::message_rules::{ContextFit, ContextHeaders};
/// use opentracing_core::mock::MockTracer;
/// use opentracing_core::propagation::AmqpHeaders;
///
/// let mock = MockTracer::new();
/// let mut span = mock.tracer().span("publish orders").start();
/// span.set_baggage_item("tenant", &"x".repeat(4000));
/// let mut headers = ContextHeaders::new();
/// mock.tracer().inject(&span.context().ok_or("no context")?, AmqpHeaders, &mut headers)?;
/// let fit = headers.fit(500, |name, value| name.len() + value.len());
/// assert_eq!(fit, ContextFit::Shortened);
/// assert!(headers.iter().any(|(name, _)| name == "traceparent"));
/// assert!(headers.iter().all(|(name, _)| name != "baggage"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContextHeaders {
    /// The values, one after the other, and names that are not predefined.
    text: SmallVec<[u8; 512]>,
    headers: SmallVec<[Entry; 12]>,
    /// The names in `headers`, `removed` and `removed_keys`, since most headers of a message have other names.
    names: HeaderNames,
    /// The names that must not remain in the message, beside those in `headers`.
    removed: SmallVec<[&'static str; 16]>,
    removed_keys: Vec<Box<str>>,
    prefixes: Vec<Box<str>>,
    keeps_removed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Name,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Field(&'static str),
    /// From there to the start of the value.
    Copied(usize),
}

/// Whether a context fits into a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContextFit {
    /// All of it.
    Whole,
    /// A part was left out.
    Shortened,
    /// All of it was left out.
    LeftOut,
}

impl ContextFit {
    /// Records in the span of a sent message that its context did not fit, and counts it. The first time is a warning in `log`. `limit` names
    /// what the context would have exceeded.
    pub fn record(self, tracer: &Tracer, span: &mut Span, destination: &str, limit: &'static str) {
        let (event, log, what) = match self {
            ContextFit::Whole => return,
            ContextFit::Shortened => (MessageEvent::ContextShortened, "context_shortened", "a part of it was left out"),
            ContextFit::LeftOut => (MessageEvent::ContextLeftOut, "context_left_out", "it was left out"),
        };
        span.log_kv(&[(logs::EVENT, Value::Static(log)), (logs::MESSAGE, Value::Static(limit))]);
        if tracer.count_messages(event, 1) {
            log::warn!(
                "the context of a message for {destination:?} does not fit into {limit}: {what}. Further ones are only counted, see \
                 Tracer::report"
            );
        }
    }
}

impl ContextHeaders {
    /// Creates an empty list for a message without headers.
    pub fn new() -> Self {
        ContextHeaders::default()
    }

    /// Creates an empty list for a message with headers, which may have been copied from another message.
    /// [`replaces`](ContextHeaders::replaces) says which of them to remove.
    pub fn replacing() -> Self {
        ContextHeaders { keeps_removed: true, ..ContextHeaders::default() }
    }

    /// Whether there are no headers.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// The number of headers.
    pub fn len(&self) -> usize {
        self.headers.len()
    }

    /// The size of all names and values.
    pub fn bytes(&self) -> usize {
        let names = self.headers.iter().map(|entry| match entry.name {
            Name::Field(name) => name.len(),
            Name::Copied(_) => 0,
        });
        names.sum::<usize>() + self.text.len()
    }

    /// Iterates over names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let value = |entry: &Entry| self.text.get(entry.start..entry.end).unwrap_or_default();
        self.headers.iter().map(move |entry| (entry.name(&self.text), value(entry)))
    }

    /// Whether a header of the message must be removed, because the context replaces it. `false` for all after
    /// [`new`](ContextHeaders::new).
    pub fn replaces(&self, name: &[u8]) -> bool {
        let is = |other: &str| other.as_bytes().eq_ignore_ascii_case(name);
        let is_named = || {
            self.iter().any(|(other, _)| is(other))
                || self.removed.iter().any(|removed| is(removed))
                || self.removed_keys.iter().any(|key| is(key))
        };
        self.keeps_removed
            && (self.names.may_have(name) && is_named() || self.prefixes.iter().any(|prefix| has_prefix(name, prefix)))
    }

    /// Leaves headers out until the rest takes at most `room` bytes. `size` is the size of one header in the message.
    ///
    /// Baggage is left out first, then `tracestate`, then formats that only some tracers read, then those of Instana, and `traceparent` last.
    /// The headers of one format are left out together, because a part of them is no context.
    pub fn fit(&mut self, room: usize, size: impl Fn(&str, &[u8]) -> usize) -> ContextFit {
        let mut total: usize = self.iter().map(|(name, value)| size(name, value)).sum();
        if total <= room {
            return ContextFit::Whole;
        }
        let is_instana = |name: &str| has_prefix(name, "x-instana-") || has_prefix(name, "x_instana_");
        for rank in 0..=MAX_RANK {
            let is_last = |name: &str| rank_of(name, is_instana(name)) == rank;
            let left_out: usize =
                self.iter().filter(|(name, _)| is_last(name)).map(|(name, value)| size(name, value)).sum();
            if left_out > 0 {
                total -= left_out;
                self.leave_out(is_last);
            }
            if total <= room {
                break;
            }
        }
        if self.is_empty() { ContextFit::LeftOut } else { ContextFit::Shortened }
    }

    /// Leaves out the header of that name.
    fn clear(&mut self, name: &str) {
        if self.names.may_have(name.as_bytes()) {
            self.leave_out(|other| other.eq_ignore_ascii_case(name));
        }
    }

    fn leave_out(&mut self, matches: impl Fn(&str) -> bool) {
        let mut headers = std::mem::take(&mut self.headers);
        headers.retain(|entry| {
            let name = entry.name(&self.text);
            let is_left_out = matches(name);
            if is_left_out && self.keeps_removed {
                self.removed_keys.push(name.into());
            }
            !is_left_out
        });
        self.headers = headers;
    }

    fn push(&mut self, name: Name, value: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(value);
        self.headers.push(Entry { name, start, end: self.text.len() });
    }
}

impl Entry {
    fn name<'a>(&self, text: &'a [u8]) -> &'a str {
        match self.name {
            Name::Field(name) => name,
            Name::Copied(start) => {
                text.get(start..self.start).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
            }
        }
    }
}

/// The order in which headers are left out.
fn rank_of(name: &str, is_instana: bool) -> u8 {
    match name {
        _ if BAGGAGE_PREFIXES.iter().any(|prefix| has_prefix(name, prefix)) && !is_wavefront(name) => 0,
        _ if is_instana => MAX_RANK - 1,
        "traceparent" => MAX_RANK,
        "tracestate" => 1,
        "baggage" | "jaeger-baggage" => 0,
        _ => 2,
    }
}

fn is_wavefront(name: &str) -> bool {
    matches!(name, "wf-ot-traceid" | "wf-ot-spanid" | "wf-ot-sample")
}

const MAX_RANK: u8 = 4;
/// The prefixes of baggage in formats that write each item as a header.
const BAGGAGE_PREFIXES: [&str; 3] = ["uberctx-", "ot-baggage-", "wf-ot-"];

impl TextMapWriter for ContextHeaders {
    fn set_key(&mut self, key: &str, value: &str) {
        self.clear(key);
        self.names.add(key.as_bytes());
        let start = self.text.len();
        self.text.extend_from_slice(key.as_bytes());
        self.push(Name::Copied(start), value.as_bytes());
    }

    fn remove_key(&mut self, key: &str) {
        self.clear(key);
        if self.keeps_removed {
            self.names.add(key.as_bytes());
            self.removed_keys.push(key.into());
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.leave_out(|name| has_prefix(name, prefix));
        if self.keeps_removed {
            self.prefixes.push(prefix.into());
        }
    }

    fn set(&mut self, field: &Field, value: &str) {
        self.set_bytes(field, value.as_bytes());
    }

    fn set_bytes(&mut self, field: &Field, value: &[u8]) {
        let name = field.name();
        self.clear(name);
        self.names.add(name.as_bytes());
        self.push(Name::Field(name), value);
    }

    fn remove(&mut self, field: &Field) {
        let name = field.name();
        self.clear(name);
        if self.keeps_removed {
            self.names.add(name.as_bytes());
            self.removed.push(name);
        }
    }

    fn is_blank(&self) -> bool {
        !self.keeps_removed && self.headers.is_empty()
    }

    fn sets_all(&self) -> bool {
        self.keeps_removed
    }

    fn set_all(&mut self, values: FieldValues) {
        for (field, value) in values.iter() {
            self.names.add(field.name().as_bytes());
            self.push(Name::Field(field.name()), value);
        }
    }
}

//! Formats name carriers; a tracer has one propagator for each format that it supports.

use std::any::{Any, TypeId};
use std::fmt;

use crate::model::context::SpanContext;
use crate::propagation::carrier::{TextMapReader, TextMapWriter};
use crate::propagation::composite::Composite;
use crate::propagation::counters::{FormatStats, PropagatorStats};
use crate::propagation::error::{ExtractError, InjectError};
use crate::propagation::formats::binary::JaegerBinary;

/// Names a kind of carrier. Other crates define their own as empty types and register a [`Propagator`] for them.
pub trait Format: Copy + Send + Sync + 'static {
    /// What a context is written to.
    type Inject<'a>: ?Sized;
    /// What a context is read from.
    type Extract<'a>: ?Sized;
}

/// A map from text to text without restriction of characters or letter case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextMap;

/// HTTP headers and gRPC metadata: names in any letter case, values in visible ASCII, several values a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpHeaders;

/// The headers of a Kafka record: names in any letter case, values of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KafkaHeaders;

/// The headers table of an AMQP 0-9-1 message, with long strings as values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmqpHeaders;

/// One opaque sequence of bytes, in the layout of the Jaeger clients. Writing appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binary;

impl Format for TextMap {
    type Inject<'a> = dyn TextMapWriter + 'a;
    type Extract<'a> = dyn TextMapReader + 'a;
}

impl Format for HttpHeaders {
    type Inject<'a> = dyn TextMapWriter + 'a;
    type Extract<'a> = dyn TextMapReader + 'a;
}

impl Format for KafkaHeaders {
    type Inject<'a> = dyn TextMapWriter + 'a;
    type Extract<'a> = dyn TextMapReader + 'a;
}

impl Format for AmqpHeaders {
    type Inject<'a> = dyn TextMapWriter + 'a;
    type Extract<'a> = dyn TextMapReader + 'a;
}

impl Format for Binary {
    type Inject<'a> = Vec<u8>;
    type Extract<'a> = [u8];
}

/// Moves contexts to and from the carriers of one format.
///
/// Called on the thread that serves or makes the request, for every request: it must be quick and must not block.
pub trait Propagator<F: Format>: fmt::Debug + Send + Sync + 'static {
    /// Writes the context, in the place of what the carrier has in the same fields.
    ///
    /// # Errors
    ///
    /// If the carrier cannot take it. Then the carrier holds no part of a context.
    fn inject(&self, context: &SpanContext, carrier: &mut F::Inject<'_>) -> Result<(), InjectError>;

    /// Reads a context. Nothing there is `None`. A context without valid ids may bring a decision or baggage.
    ///
    /// # Errors
    ///
    /// If there is something that cannot be read, and nothing else that can.
    fn extract(&self, carrier: &F::Extract<'_>) -> Result<Option<SpanContext>, ExtractError>;

    /// Whether contexts are written in the text format of that name, `instana` for example, among others perhaps.
    fn injects(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// What could not be read or written so far, for [`Stats`](crate::Stats).
    fn stats(&self) -> PropagatorStats {
        PropagatorStats::default()
    }

    /// Appends what became of each format that is read, for [`Stats`](crate::Stats), which adds up those of the same name. Nothing by
    /// default.
    fn format_stats(&self, stats: &mut Vec<FormatStats>) {
        let _ = stats;
    }
}

/// The propagators of a tracer, by format. Few, so a list is the quickest to search.
#[derive(Default)]
pub(crate) struct Propagators {
    list: Vec<Registered>,
}

struct Registered {
    format: TypeId,
    propagator: Box<dyn Any + Send + Sync>,
    stats: fn(&(dyn Any + Send + Sync)) -> PropagatorStats,
    format_stats: fn(&(dyn Any + Send + Sync), &mut Vec<FormatStats>),
}

impl Propagators {
    /// What a tracer has unless it is told otherwise.
    pub(crate) fn standard() -> Self {
        let (mut propagators, composite) = (Propagators::default(), Composite::default());
        propagators.register::<HttpHeaders>(composite.clone());
        propagators.register::<TextMap>(composite.clone());
        propagators.register::<KafkaHeaders>(composite.clone());
        propagators.register::<AmqpHeaders>(composite);
        propagators.register::<Binary>(JaegerBinary::new());
        propagators
    }

    /// The last one registered for a format counts.
    pub(crate) fn register<F: Format>(&mut self, propagator: impl Propagator<F>) {
        self.list.retain(|registered| registered.format != TypeId::of::<F>());
        self.list.push(Registered {
            format: TypeId::of::<F>(),
            propagator: Box::new(Box::new(propagator) as Box<dyn Propagator<F>>),
            stats: |any| downcast::<F>(any).map(Propagator::stats).unwrap_or_default(),
            format_stats: |any, stats| {
                if let Some(propagator) = downcast::<F>(any) {
                    propagator.format_stats(stats);
                }
            },
        });
    }

    #[inline]
    pub(crate) fn get<F: Format>(&self) -> Option<&dyn Propagator<F>> {
        downcast(&*self.list.iter().find(|registered| registered.format == TypeId::of::<F>())?.propagator)
    }

    /// What all of them together could not read or write.
    pub(crate) fn stats(&self) -> PropagatorStats {
        let mut sum = PropagatorStats::default();
        for registered in &self.list {
            let stats = (registered.stats)(&*registered.propagator);
            sum.malformed += stats.malformed;
            sum.baggage_dropped += stats.baggage_dropped;
        }
        sum
    }

    /// By format, for all media together.
    pub(crate) fn format_stats(&self) -> Vec<FormatStats> {
        let (mut all, mut sums) = (Vec::new(), Vec::new());
        self.list.iter().for_each(|registered| (registered.format_stats)(&*registered.propagator, &mut all));
        all.into_iter().for_each(|stats| stats.add_to(&mut sums));
        sums
    }
}

#[inline]
fn downcast<F: Format>(any: &(dyn Any + Send + Sync)) -> Option<&dyn Propagator<F>> {
    any.downcast_ref::<Box<dyn Propagator<F>>>().map(|propagator| &**propagator)
}

//! Formats. A tracer has one propagator for each format that it supports.

use std::any::{Any, TypeId};
use std::fmt;

use crate::model::context::SpanContext;
use crate::propagation::carrier::{TextMapReader, TextMapWriter};
use crate::propagation::composite::Composite;
use crate::propagation::counters::{FormatStats, PropagatorStats, RestartStats};
use crate::propagation::error::{ExtractError, InjectError};
use crate::propagation::formats::binary::JaegerBinary;

/// A kind of carrier. Other crates define their own formats as empty types and register a [`Propagator`] for them.
pub trait Format: Copy + Send + Sync + 'static {
    /// The type that a context is written to.
    type Inject<'a>: ?Sized;
    /// The type that a context is read from.
    type Extract<'a>: ?Sized;
}

/// A map from text to text without restriction of characters or letter case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextMap;

/// HTTP headers and gRPC metadata. Names match in any letter case, values are visible ASCII, and a name may have several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpHeaders;

/// The headers of a Kafka record. Names match in any letter case, and values are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KafkaHeaders;

/// The headers table of an AMQP 0-9-1 message, with long strings as values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmqpHeaders;

/// A sequence of bytes in the layout of the Jaeger clients. Writing appends to it.
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
/// Called for every request, on the thread that serves or sends it, so it must be quick and must not block.
pub trait Propagator<F: Format>: fmt::Debug + Send + Sync + 'static {
    /// Writes the context. Replaces the values of the same fields.
    ///
    /// # Errors
    ///
    /// If there is nothing to write, or the carrier cannot hold it. Then the carrier holds no part of a context.
    fn inject(&self, context: &SpanContext, carrier: &mut F::Inject<'_>) -> Result<(), InjectError>;

    /// Reads a context. Returns `None` if the carrier has none. A context without valid ids may have a decision or baggage.
    ///
    /// # Errors
    ///
    /// If a field is malformed, and no other field has a usable context.
    fn extract(&self, carrier: &F::Extract<'_>) -> Result<Option<SpanContext>, ExtractError>;

    /// Whether contexts are written in the text format of that name, for example `instana`. `false` by default.
    fn injects(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// The statistics so far, for [`Stats`](crate::Stats). Zero by default.
    fn stats(&self) -> PropagatorStats {
        PropagatorStats::default()
    }

    /// Appends the statistics of each format, for [`Stats`](crate::Stats), which sums those of the same name. Appends nothing by default.
    fn format_stats(&self, stats: &mut Vec<FormatStats>) {
        let _ = stats;
    }

    /// Appends the number of new traces that were started because a header was invalid, for [`Stats`](crate::Stats). Nothing by default.
    fn restarts(&self, stats: &mut Vec<RestartStats>) {
        let _ = stats;
    }
}

/// The propagators of a tracer, by format. A list, which is the fastest to search for so few.
#[derive(Default)]
pub(crate) struct Propagators {
    list: Vec<Registered>,
}

struct Registered {
    format: TypeId,
    propagator: Box<dyn Any + Send + Sync>,
    stats: fn(&(dyn Any + Send + Sync)) -> PropagatorStats,
    format_stats: fn(&(dyn Any + Send + Sync), &mut Vec<FormatStats>),
    restarts: fn(&(dyn Any + Send + Sync), &mut Vec<RestartStats>),
}

impl Propagators {
    /// The default propagators.
    pub(crate) fn standard() -> Self {
        let (mut propagators, composite) = (Propagators::default(), Composite::default());
        propagators.register::<HttpHeaders>(composite.clone());
        propagators.register::<TextMap>(composite.clone());
        propagators.register::<KafkaHeaders>(composite.clone());
        propagators.register::<AmqpHeaders>(composite);
        propagators.register::<Binary>(JaegerBinary::new());
        propagators
    }

    /// Registers a propagator, in place of an earlier one for the same format.
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
            restarts: |any, stats| {
                if let Some(propagator) = downcast::<F>(any) {
                    propagator.restarts(stats);
                }
            },
        });
    }

    #[inline]
    pub(crate) fn get<F: Format>(&self) -> Option<&dyn Propagator<F>> {
        downcast(&*self.list.iter().find(|registered| registered.format == TypeId::of::<F>())?.propagator)
    }

    /// The sum of the statistics of all propagators.
    pub(crate) fn stats(&self) -> PropagatorStats {
        let mut sum = PropagatorStats::default();
        for registered in &self.list {
            let stats = (registered.stats)(&*registered.propagator);
            sum.malformed += stats.malformed;
            sum.baggage_dropped += stats.baggage_dropped;
        }
        sum
    }

    /// The restarts, summed over all media.
    pub(crate) fn restarts(&self) -> Vec<RestartStats> {
        let (mut all, mut sums) = (Vec::new(), Vec::new());
        self.list.iter().for_each(|registered| (registered.restarts)(&*registered.propagator, &mut all));
        all.into_iter().for_each(|stats| stats.add_to(&mut sums));
        sums
    }

    /// The statistics of each format, summed over all media.
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

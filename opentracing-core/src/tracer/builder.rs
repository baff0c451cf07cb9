//! The settings of a tracer.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock::{Clock, TickCounter};
use crate::model::context::Meta;
use crate::model::limits::Limits;
use crate::model::unfinished::UnfinishedSpans;
use crate::model::value::Value;
use crate::propagation::{AmqpHeaders, Composite, Format, HttpHeaders, KafkaHeaders, Propagator, Propagators, TextMap};
use crate::recorder::drain::{Drain, InlineDrain};
use crate::recorder::id_generator::{self, IdGenerator, TraceIdWidth};
use crate::recorder::recorder::{Parts, Recorder};
use crate::redaction::secrets::Secrets;
use crate::reporter::reporter::{OwnedValue, Process, Reporter};
use crate::sampler::{ConstSampler, Sampler};
use crate::stats::red::RedFigures;
use crate::tracer::tracer::Tracer;

const MIN_RING: usize = 2;
const MAX_RING: usize = 1 << 20;

/// The settings of a tracer. [`Tracer::builder`] makes one.
///
/// ```
/// use opentracing_core::{Limits, ProbabilisticSampler, Tracer};
///
/// let (tracer, drain) = Tracer::builder("shop")
///     .sampler(ProbabilisticSampler::new(0.1))
///     .limits(Limits::default().tags(64))
///     .tag("service.version", "1.4.2")
///     .build();
/// assert_eq!(tracer.process().map(|process| process.service()), Some("shop"));
/// # drop(drain);
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct TracerBuilder {
    process: Process,
    sampler: Box<dyn Sampler>,
    propagators: Propagators,
    clock: Option<Box<dyn Clock>>,
    counter: Option<Box<dyn TickCounter>>,
    ids: Option<Box<dyn IdGenerator>>,
    trace_id_width: TraceIdWidth,
    limits: Limits,
    secrets: Secrets,
    baggage_tags: Vec<Box<str>>,
    red: Option<RedFigures>,
    ring: usize,
    unfinished: UnfinishedSpans,
}

impl TracerBuilder {
    pub(crate) fn new(service: &str) -> Self {
        TracerBuilder {
            process: Process { service: service.into(), tags: Vec::new() },
            sampler: Box::new(ConstSampler::on()),
            propagators: Propagators::standard(),
            clock: None,
            counter: None,
            ids: None,
            trace_id_width: TraceIdWidth::default(),
            limits: Limits::default(),
            secrets: Secrets::default(),
            baggage_tags: Vec::new(),
            red: None,
            ring: 4096,
            unfinished: UnfinishedSpans::default(),
        }
    }

    /// Decides which traces are sampled. All by default.
    pub fn sampler(mut self, sampler: impl Sampler) -> Self {
        self.sampler = Box::new(sampler);
        self
    }

    /// Injects contexts into, and extracts them from, the carriers of that format. By default there is a
    /// [`Composite`](crate::propagation::Composite) with the default lists for each text format, and Jaeger's layout for
    /// [`Binary`](crate::propagation::Binary).
    pub fn propagator<F: Format>(mut self, _: F, propagator: impl Propagator<F>) -> Self {
        self.propagators.register::<F>(propagator);
        self
    }

    /// Uses that composite for HTTP headers, text maps, and Kafka and AMQP headers.
    pub fn composite(self, composite: Composite) -> Self {
        self.propagator(HttpHeaders, composite.clone())
            .propagator(TextMap, composite.clone())
            .propagator(KafkaHeaders, composite.clone())
            .propagator(AmqpHeaders, composite)
    }

    /// Tells the time, instead of a [`counter`](TracerBuilder::counter).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Stamps spans with ticks of that counter, which the draining thread converts to time. A [`clock`](TracerBuilder::clock) takes
    /// precedence over it.
    ///
    /// By default it is the time stamp counter of an x86-64 processor, which takes 9 ns to read, if the Linux kernel lists it as a clock
    /// source. Elsewhere it is std's clock.
    pub fn counter(mut self, counter: impl TickCounter) -> Self {
        self.counter = Some(Box::new(counter));
        self
    }

    /// Makes the ids. By default they are random.
    pub fn id_generator(mut self, ids: impl IdGenerator) -> Self {
        self.ids = Some(Box::new(ids));
        self
    }

    /// The width of the tracer's own trace ids. 128 bits by default.
    pub fn trace_id_width(mut self, width: TraceIdWidth) -> Self {
        self.trace_id_width = width;
        self
    }

    /// Sets a tag of the service itself: version, host, zone.
    pub fn tag<'v>(mut self, key: impl Into<Box<str>>, value: impl Into<Value<'v>>) -> Self {
        self.process.tags.push((key.into(), OwnedValue::from(value.into())));
        self
    }

    /// What one span may hold. See [`Limits`] for the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Which values are redacted in tags, logs, messages and URLs. See [`Secrets`] for the rules and the default.
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Copies the baggage items of these names to tags of the same names, on each span that begins the trace in this process. None by
    /// default. A tag that the span sets itself wins. Baggage comes from other services, and at a public edge from anybody: name only
    /// items whose values may be recorded.
    pub fn baggage_tags<K: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = K>) -> Self {
        self.baggage_tags.extend(names.into_iter().map(Into::into));
        self
    }

    /// Counts requests, errors and durations by operation there, of sampled and unsampled traces. Off by default. See [`RedFigures`]
    /// for what it costs.
    pub fn red(mut self, figures: &RedFigures) -> Self {
        self.red = Some(figures.clone());
        self
    }

    /// The finished spans that one thread may buffer; further ones are dropped and counted. 4,096 by default.
    ///
    /// From 2 to 1,048,576: a value outside is replaced by the nearest one, with a warning in `log`. Each thread that traces holds 8 bytes
    /// for each place, once it has buffered more than 64 spans, and under load up to that many records of some 600 bytes.
    pub fn ring_capacity(mut self, spans: usize) -> Self {
        self.ring = spans.clamp(MIN_RING, MAX_RING);
        if self.ring != spans {
            log::warn!("a ring of {spans} spans a thread is refused, {} is used instead", self.ring);
        }
        self
    }

    /// What becomes of spans that are still open when the tracer is closed: a stream that goes on, a job that hangs. By default they
    /// are reported with the tag [`unfinished`](crate::tags::UNFINISHED), as far as the tracer knows of them: all that
    /// [`Report::open_spans`](crate::Report::open_spans) may list, also younger ones. Those that end later are dropped, and counted.
    ///
    /// Holds for a tracer whose drain [runs](Drain::run) on a thread, as that of `opentracing-reporter` does, and that somebody closes.
    pub fn unfinished_spans(mut self, unfinished: UnfinishedSpans) -> Self {
        self.unfinished = unfinished;
        self
    }

    /// Builds the tracer and its [`Drain`], which delivers the finished spans to a [`Reporter`]. They wait in bounded buffers until the
    /// drain runs. Dropping the drain closes the tracer: `let (tracer, _) = …` loses every span, of which `log` and
    /// [`Tracer::report`] warn.
    #[must_use = "dropping the drain closes the tracer, which then loses every span"]
    pub fn build(self) -> (Tracer, Drain) {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        id_generator::reseed();
        let short = self.trace_id_width == TraceIdWidth::Bits64;
        let random = self.ids.as_ref().is_none_or(|ids| ids.is_random());
        let mut root_marks = Meta::BEGAN_HERE | if random { Meta::RANDOM } else { 0 };
        if short {
            root_marks |= Meta::SHORT;
        }
        let recorder = Recorder::register(Parts {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            high_mask: if short { 0 } else { u64::MAX },
            root_marks,
            ring: self.ring,
            limits: self.limits,
            clock: self.clock,
            counter: self.counter,
            ids: self.ids,
            sampler: self.sampler,
            propagators: self.propagators,
            baggage_tags: self.baggage_tags.into(),
            red: self.red,
            process: self.process,
        });
        let drain = Drain::new(recorder.clone(), self.secrets, self.unfinished);
        (Tracer::new(recorder), drain)
    }

    /// Builds a tracer that delivers its spans on the thread that calls [`Tracer::flush`] or [`Tracer::close`] or drops the last handle: for
    /// tests and for programs without threads. Between two flushes finished spans wait in bounded buffers.
    pub fn build_inline(self, reporter: impl Reporter) -> Tracer {
        let (tracer, drain) = self.build();
        if let Some(recorder) = tracer.recorder() {
            recorder.set_inline(InlineDrain::new(drain, Box::new(reporter)));
        }
        tracer
    }
}

impl std::fmt::Debug for TracerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TracerBuilder")
            .field("process", &self.process)
            .field("sampler", &self.sampler)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

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
use crate::redaction::keys::Redactor;
use crate::redaction::secrets::Secrets;
use crate::reporter::finished::Batch;
use crate::reporter::reporter::{OwnedValue, Process, Reporter};
use crate::sampler::{ConstSampler, Sampler};
use crate::stats::red::RedFigures;
use crate::tracer::tracer::Tracer;

const MIN_RING: usize = 2;
const MAX_RING: usize = 1 << 20;

/// Builds a [`Tracer`]. Created by [`Tracer::builder`].
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
    /// `None` if none was set.
    sampler: Option<Box<dyn Sampler>>,
    default_sampler: Box<dyn Sampler>,
    deferred_as_sampled: bool,
    propagators: Propagators,
    clock: Option<Box<dyn Clock>>,
    counter: Option<Box<dyn TickCounter>>,
    ids: Option<Box<dyn IdGenerator>>,
    trace_id_width: TraceIdWidth,
    limits: Limits,
    secrets: Secrets,
    baggage_tags: Vec<Box<str>>,
    without_message_context: Vec<Box<str>>,
    red: Option<RedFigures>,
    backends: Vec<Box<str>>,
    ring: usize,
    unfinished: UnfinishedSpans,
    forwards: bool,
}

impl TracerBuilder {
    pub(crate) fn new(service: &str) -> Self {
        let service = if service.trim().is_empty() { Process::unknown_service().into() } else { service.into() };
        TracerBuilder {
            process: Process { service, tags: Vec::new() },
            sampler: None,
            default_sampler: Box::new(ConstSampler::on()),
            deferred_as_sampled: false,
            propagators: Propagators::standard(),
            clock: None,
            counter: None,
            ids: None,
            trace_id_width: TraceIdWidth::default(),
            limits: Limits::default(),
            secrets: Secrets::default(),
            baggage_tags: Vec::new(),
            without_message_context: Vec::new(),
            red: None,
            backends: Vec::new(),
            ring: 4096,
            unfinished: UnfinishedSpans::default(),
            forwards: false,
        }
    }

    /// Sets the sampler, which decides which traces are kept. By default all traces are kept.
    pub fn sampler(mut self, sampler: impl Sampler) -> Self {
        self.sampler = Some(Box::new(sampler));
        self
    }

    /// Sets the sampler of a tracer for which [`sampler`](TracerBuilder::sampler) is not called, before or after. For reporters that
    /// [hold](Reporter::holds) spans.
    pub fn default_sampler(mut self, sampler: impl Sampler) -> Self {
        self.default_sampler = Box::new(sampler);
        self
    }

    /// Propagates traces with [`Decision::Record`](crate::Decision::Record) as sampled, so that the services that are called keep their part
    /// of the trace. By default they are propagated as not sampled.
    ///
    /// For fleets that decide about whole traces later, in an OpenTelemetry Collector. Otherwise a trace that is dropped here leaves fragments
    /// of other services. Without a reporter that [holds](Reporter::holds) spans, such traces are kept here as well.
    pub fn deferred_as_sampled(mut self) -> Self {
        self.deferred_as_sampled = true;
        self
    }

    /// Sets the propagator of a carrier format, which injects and extracts contexts. By default each text format has a
    /// [`Composite`](crate::propagation::Composite) with the default lists, and [`Binary`](crate::propagation::Binary) has Jaeger's layout.
    pub fn propagator<F: Format>(mut self, _: F, propagator: impl Propagator<F>) -> Self {
        self.propagators.register::<F>(propagator);
        self
    }

    /// Sets the propagator of HTTP headers, text maps, and Kafka and AMQP headers.
    pub fn composite(self, composite: Composite) -> Self {
        self.propagator(HttpHeaders, composite.clone())
            .propagator(TextMap, composite.clone())
            .propagator(KafkaHeaders, composite.clone())
            .propagator(AmqpHeaders, composite)
    }

    /// Sets the propagator of the headers of messages, of Kafka and AMQP. Use it for fewer formats on messages than over HTTP.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    ///
    /// let (tracer, _drain) = Tracer::builder("shop").message_composite("tracecontext".parse()?).build();
    /// # drop(tracer);
    /// # Ok::<(), opentracing_core::propagation::UnknownFormat>(())
    /// ```
    pub fn message_composite(self, composite: Composite) -> Self {
        self.propagator(KafkaHeaders, composite.clone()).propagator(AmqpHeaders, composite)
    }

    /// Writes no contexts to the messages for these topics, queues or exchanges. In a name, `*` stands for any number of characters, so
    /// `audit-*` matches all topics with that prefix. None by default. The traces of their consumers begin anew.
    pub fn without_message_context<P: Into<Box<str>>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.without_message_context.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Sets the clock of spans, which replaces the [`counter`](TracerBuilder::counter).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Sets the counter whose ticks spans record. The draining thread converts them to time. A [`clock`](TracerBuilder::clock) takes
    /// precedence over the counter.
    ///
    /// By default it is the time stamp counter of an x86-64 processor, which takes 9 ns to read, if the Linux kernel lists it as a clock
    /// source. Elsewhere it is std's clock.
    pub fn counter(mut self, counter: impl TickCounter) -> Self {
        self.counter = Some(Box::new(counter));
        self
    }

    /// Sets the generator of trace ids and span ids. By default ids are random.
    pub fn id_generator(mut self, ids: impl IdGenerator) -> Self {
        self.ids = Some(Box::new(ids));
        self
    }

    /// Sets the width of new trace ids. 128 bits by default.
    pub fn trace_id_width(mut self, width: TraceIdWidth) -> Self {
        self.trace_id_width = width;
        self
    }

    /// Sets a tag of the process, such as version, host or zone. All spans share it.
    pub fn tag<'v>(mut self, key: impl Into<Box<str>>, value: impl Into<Value<'v>>) -> Self {
        self.process.tags.push((key.into(), OwnedValue::from(value.into())));
        self
    }

    /// Sets the limits of spans and baggage. See [`Limits`] for the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets which values are redacted in tags, logs, messages and URLs. See [`Secrets`] for the rules and the default.
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Copies the baggage items with these keys to tags with the same names, on each span that starts a trace in this process. None by
    /// default. A tag that is set on the span takes precedence. Baggage comes from other services, and at a public edge from any client, so
    /// only list items whose values may be recorded.
    pub fn baggage_tags<K: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = K>) -> Self {
        self.baggage_tags.extend(names.into_iter().map(Into::into));
        self
    }

    /// Counts requests, errors and durations by operation in these figures, for sampled and unsampled traces. Off by default. See
    /// [`RedFigures`] for the overhead.
    pub fn red(mut self, figures: &RedFigures) -> Self {
        self.red = Some(figures.clone());
        self
    }

    /// Names a backend that the reporter sends spans to, such as `instana`, for [`Tracer::reports_to`]. None by default. The reporter of
    /// `opentracing-reporter` names those of its transports.
    pub fn backend(mut self, name: impl Into<Box<str>>) -> Self {
        self.backends.push(name.into());
        self
    }

    /// Sets the maximum number of finished spans that each thread buffers. Further ones are dropped and counted. 4,096 by default.
    ///
    /// The range is 2 to 1,048,576. A value out of range is replaced by the nearest bound, with a warning in `log`. A thread that has buffered
    /// more than 64 spans holds 8 bytes for each place. Under load it holds up to this many records of about 600 bytes each.
    pub fn ring_capacity(mut self, spans: usize) -> Self {
        self.ring = spans.clamp(MIN_RING, MAX_RING);
        if self.ring != spans {
            log::warn!("a ring of {spans} spans a thread is refused, {} is used instead", self.ring);
        }
        self
    }

    /// Sets what happens to spans that are still open when the tracer is closed, such as those of a long stream or a hung job. By default
    /// they are reported with the tag [`unfinished`](crate::tags::UNFINISHED). This includes the spans that
    /// [`Report::open_spans`](crate::Report::open_spans) can list, of any age. Spans that finish later are dropped and counted.
    ///
    /// Only applies to a tracer that is closed and whose drain [runs](Drain::run) on a thread, like that of `opentracing-reporter`.
    pub fn unfinished_spans(mut self, unfinished: UnfinishedSpans) -> Self {
        self.unfinished = unfinished;
        self
    }

    /// Builds the tracer and its [`Drain`], which delivers finished spans to a [`Reporter`]. Spans wait in bounded buffers until the drain
    /// runs. Dropping the drain closes the tracer: `let (tracer, _) = …` loses every span, with a warning in `log` and in
    /// [`Tracer::report`].
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
        let redactor = Redactor::new(self.secrets);
        let recorder = Recorder::register(Parts {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            forwards: self.forwards,
            high_mask: if short { 0 } else { u64::MAX },
            root_marks,
            ring: self.ring,
            limits: self.limits,
            clock: self.clock,
            counter: self.counter,
            ids: self.ids,
            sampler: self.sampler.unwrap_or(self.default_sampler),
            deferred_as_sampled: self.deferred_as_sampled,
            propagators: self.propagators,
            baggage_tags: self.baggage_tags.into(),
            without_message_context: self.without_message_context.into(),
            red: self.red,
            backends: self.backends.into(),
            process: self.process.redacted(&redactor),
        });
        let drain = Drain::new(recorder.clone(), redactor, self.unfinished);
        (Tracer::new(recorder), drain)
    }

    /// Builds a disabled tracer: it starts no spans of its own, but passes contexts on, so that it does not cut the traces of others.
    ///
    /// A span carries the context of its parent, so [`Tracer::inject`] writes what [`Tracer::extract`] has read: ids, sampling decision,
    /// `tracestate` and baggage. A span without a parent is a [no-op](crate::Span::noop). Samplers, limits of spans and clocks are unused.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use opentracing_core::{Tracer, propagation::HttpHeaders};
    ///
    /// let tracer = Tracer::builder("shop").build_forwarding();
    /// let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned();
    /// let incoming = HashMap::from([("traceparent".to_owned(), traceparent.clone())]);
    /// let parent = tracer.extract(HttpHeaders, &incoming)?;
    /// let span = tracer.span("GET /cart").child_of(&parent).start();
    ///
    /// let mut outgoing = HashMap::new();
    /// tracer.inject(&span.context().ok_or("no context")?, HttpHeaders, &mut outgoing)?;
    /// assert_eq!(outgoing["traceparent"], traceparent);
    /// assert!(!span.is_recording());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build_forwarding(mut self) -> Tracer {
        self.forwards = true;
        self.build_inline(Nothing)
    }

    /// Builds a tracer without a draining thread, for tests and for programs without threads. Spans are delivered on the thread that calls
    /// [`Tracer::flush`] or [`Tracer::close`], or drops the last handle. Between two flushes, finished spans wait in bounded buffers.
    pub fn build_inline(self, reporter: impl Reporter) -> Tracer {
        let (tracer, drain) = self.build();
        if let Some(recorder) = tracer.recorder() {
            recorder.set_inline(InlineDrain::new(drain, Box::new(reporter)));
        }
        tracer
    }
}

/// The reporter of a tracer that has no spans.
struct Nothing;

impl Reporter for Nothing {
    fn report(&mut self, _: Batch<'_>) {}
}

impl std::fmt::Debug for TracerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TracerBuilder")
            .field("process", &self.process)
            .field("sampler", self.sampler.as_ref().unwrap_or(&self.default_sampler))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

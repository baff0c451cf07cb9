//! Spans of OpenTelemetry's SDK, handed to our reporter.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use opentelemetry::{Key, Value as OtelValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use opentracing_core::{FlushError, ParentPlace, SpanId, Tracer, TracerBuilder};

use crate::convert::{AttributeNames, Given, Naming, to_core, to_core_kind, to_core_value};
use crate::provider::describe;
use crate::span::ProvidedSpan;

/// An exporter for OpenTelemetry's SDK that hands its spans to a [`Tracer`] of ours, and so to its transports: Instana, Datadog, Zipkin and
/// whatever else its reporter sends to, with spool, redaction and statistics. For programs that move step by step.
///
/// Ids, times, kind, attributes, events, links and status stay as they are. Spans that are not sampled are left out.
///
/// ```
/// use opentelemetry::trace::{Tracer as _, TracerProvider as _};
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use opentracing_opentelemetry::Exporter;
/// use opentracing_reporter::{BatchReporter, Console};
///
/// // The builder has the name of the service and the other attributes of the SDK's resource.
/// let exporter = Exporter::start_with(|builder| BatchReporter::new(Console::stdout()).start(builder));
/// let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
/// provider.tracer("app").in_span("work", |_| {});
/// provider.shutdown()?;
/// # Ok::<(), opentelemetry_sdk::error::OTelSdkError>(())
/// ```
///
/// # Delivery
///
/// Exporting only records the spans; the reporter sends them with its own batches and retries. What is lost is counted by cause in
/// [`Tracer::stats`]. The processors of the SDK's version 0.33 do not tell an exporter of `force_flush`: call [`Tracer::flush`] as well,
/// or set [`wait_for_delivery`](Exporter::wait_for_delivery). `shutdown` waits until everything is sent.
///
/// # Loops
///
/// The SDK calls an exporter in a context without telemetry. The reporter sends on a thread of its own; a transport of yours that uses
/// instrumented clients should enter such a context, by `Context::enter_telemetry_suppressed_scope`.
pub struct Exporter {
    tracer: OnceLock<Result<Tracer, String>>,
    starting: Mutex<Option<Start>>,
    kept: Mutex<Option<Box<dyn Any + Send>>>,
    wait: Option<Duration>,
    names: Option<AttributeNames>,
    /// Whether the tracer belongs to the exporter, which then closes it.
    is_owner: bool,
    is_shut_down: AtomicBool,
}

type Started = io::Result<(Tracer, Box<dyn Any + Send>)>;
type Start = Box<dyn FnOnce(TracerBuilder) -> Started + Send>;

impl Exporter {
    /// Creates an exporter for a tracer that exists. Its spans belong to that tracer's service, and the SDK's resource is ignored. Shutting
    /// the SDK down flushes the tracer and does not close it.
    pub fn with_tracer(tracer: Tracer) -> Self {
        Self::new(OnceLock::from(Ok(tracer)), None)
    }

    /// Creates an exporter for a tracer of its own, which the closure starts from a builder with the SDK's resource: its `service.name`, and
    /// the other attributes as tags of the process. What the closure returns beside the tracer, such as a guard, is kept until the shutdown.
    ///
    /// If the closure fails, each export does.
    pub fn start_with<G: Send + 'static>(
        start: impl FnOnce(TracerBuilder) -> io::Result<(Tracer, G)> + Send + 'static,
    ) -> Self {
        let start = |builder: TracerBuilder| {
            let (tracer, guard) = start(builder)?;
            Ok((tracer, Box::new(guard) as Box<dyn Any + Send>))
        };
        Self::new(OnceLock::new(), Some(Box::new(start)))
    }

    fn new(tracer: OnceLock<Result<Tracer, String>>, starting: Option<Start>) -> Self {
        Exporter {
            tracer,
            is_owner: starting.is_some(),
            starting: Mutex::new(starting),
            kept: Mutex::new(None),
            wait: None,
            names: None,
            is_shut_down: AtomicBool::new(false),
        }
    }

    /// Waits in each export until the spans are sent, for that long at most, and fails if they are not. By default an export does not wait,
    /// so that an outage of the backend does not hold up the SDK.
    #[must_use]
    pub fn wait_for_delivery(mut self, timeout: Duration) -> Self {
        self.wait = Some(timeout);
        self
    }

    /// Sets which tags attributes become, as [`Provider::attribute_names`](crate::Provider::attribute_names) does.
    #[must_use]
    pub fn attribute_names(mut self, names: AttributeNames) -> Self {
        self.names = Some(names);
        self
    }

    /// The tracer, started with this resource if it is not yet.
    fn tracer(&self, resource: Option<&Resource>) -> Result<&Tracer, OTelSdkError> {
        let started = self.tracer.get_or_init(|| {
            let start = self.starting.lock().unwrap_or_else(PoisonError::into_inner).take();
            let start = start.ok_or("the exporter has no tracer")?;
            let (tracer, kept) = start(builder(resource)).map_err(|error| error.to_string())?;
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
            Ok(tracer)
        });
        started.as_ref().map_err(|error| OTelSdkError::InternalFailure(format!("the tracer did not start: {error}")))
    }

    fn flush(&self, timeout: Duration) -> OTelSdkResult {
        self.tracer(None)?.flush(timeout).map_err(|error| failure(error, timeout))
    }
}

/// Spans that wait on one thread. The SDK exports 512 at once by default, and users set it higher.
const RING_CAPACITY: usize = 16_384;

fn builder(resource: Option<&Resource>) -> TracerBuilder {
    let service = resource.and_then(|resource| resource.get_ref(&Key::from_static_str("service.name")));
    let mut builder = Tracer::builder(service.map_or(Cow::Borrowed(""), OtelValue::as_str));
    for (key, value) in resource.into_iter().flatten().filter(|(key, _)| key.as_str() != "service.name") {
        builder = match to_core_value(value) {
            Given::Value(value) => builder.tag(key.as_str(), value),
            Given::Text(text) => builder.tag(key.as_str(), &text),
        };
    }
    builder.ring_capacity(RING_CAPACITY)
}

fn failure(error: FlushError, timeout: Duration) -> OTelSdkError {
    match error {
        FlushError::Timeout => OTelSdkError::Timeout(timeout),
        other => OTelSdkError::InternalFailure(other.to_string()),
    }
}

/// Tags of OpenTelemetry's mapping to other formats, for what the SDK dropped.
fn dropped(data: &SpanData) -> [(&'static str, u32); 3] {
    [
        ("otel.dropped_attributes_count", data.dropped_attributes_count),
        ("otel.dropped_events_count", data.events.dropped_count),
        ("otel.dropped_links_count", data.links.dropped_count),
    ]
}

fn record(tracer: &Tracer, names: Option<AttributeNames>, data: SpanData) {
    if !data.span_context.is_sampled() {
        return;
    }
    let parent = if data.parent_span_is_remote { ParentPlace::OtherProcess } else { ParentPlace::ThisProcess };
    let naming = Naming { names, kind: to_core_kind(&data.span_kind) };
    let parent_id = SpanId::from_bytes(data.parent_span_id.to_bytes());
    let mut builder = match &data.name {
        Cow::Borrowed(name) => tracer.span(*name),
        Cow::Owned(name) => tracer.span(name),
    };
    builder
        .imported(to_core(&data.span_context).with_parent_id(parent_id), parent)
        .kind(naming.kind)
        .start_time(data.start_time);
    describe(&mut builder, naming, &data.instrumentation_scope, &data.attributes);
    for (key, count) in dropped(&data) {
        builder.tag(key, Some(count).filter(|count| *count > 0));
    }
    let mut span = ProvidedSpan::started(builder.start(), naming);
    for link in &data.links.links {
        span.link(link, Some(data.start_time));
    }
    for event in &data.events.events {
        span.log(&event.name, Some(event.timestamp), &event.attributes);
    }
    span.set_status_at(data.status.clone(), Some(data.end_time));
    span.end_at(Some(data.end_time));
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if self.is_shut_down.load(Ordering::Relaxed) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        let tracer = self.tracer(None)?;
        batch.into_iter().for_each(|data| record(tracer, self.names, data));
        self.wait.map_or(Ok(()), |timeout| self.flush(timeout))
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.flush(self.wait.unwrap_or(FLUSH_TIMEOUT))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        if self.is_shut_down.swap(true, Ordering::Relaxed) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        // An exporter that never exported need not start a tracer.
        let Some(Ok(tracer)) = self.tracer.get() else { return Ok(()) };
        let closed = if self.is_owner { tracer.close(timeout) } else { tracer.flush(timeout) };
        drop(self.kept.lock().unwrap_or_else(PoisonError::into_inner).take());
        closed.map_err(|error| failure(error, timeout))
    }

    /// Starts the tracer. Called by the SDK when its provider is built.
    fn set_resource(&mut self, resource: &Resource) {
        // The error, if there is one, is that of each export.
        let _ = self.tracer(Some(resource));
    }
}

const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("tracer", &self.tracer.get()).field("wait", &self.wait).finish_non_exhaustive()
    }
}

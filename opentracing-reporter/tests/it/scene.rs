//! Traces of known ids and times, and what a console draws of them.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use opentracing_core::mock::SequentialIds;
use opentracing_core::{
    Batch, FlushError, IdGenerator, Reporter, Span, SpanContext, SpanId, SpanKind, TraceId, Tracer,
};
use opentracing_reporter::{BatchReporter, Console};

/// Longer than anything takes that is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A writer whose content can be read.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    /// What was written since the last call.
    pub(crate) fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no test panics while it writes"));
        String::from_utf8(bytes).expect("the console writes UTF-8")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics while it writes").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ids of all services of a scene, one behind the other.
#[derive(Clone, Debug, Default)]
struct SharedIds(Arc<SequentialIds>);

impl IdGenerator for SharedIds {
    fn trace_id(&self) -> TraceId {
        TraceId::from_parts(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_3100 + self.0.trace_id().low())
    }

    fn span_id(&self) -> SpanId {
        self.0.span_id()
    }
}

/// Lets spans pass, and holds back the flush of each service until those of all are there.
struct Curtain {
    reporter: BatchReporter,
    is_open: Arc<AtomicBool>,
}

impl Reporter for Curtain {
    fn report(&mut self, batch: Batch<'_>) {
        self.reporter.report(batch);
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        if self.is_open.load(Ordering::Relaxed) { self.reporter.flush(deadline) } else { Ok(()) }
    }
}

/// Several services that share one console.
pub(crate) struct Scene {
    console: Console,
    is_open: Arc<AtomicBool>,
    ids: SharedIds,
    services: Vec<(&'static str, Tracer)>,
}

impl Scene {
    /// Further services draw to a clone of the console.
    pub(crate) fn new(console: Console) -> Self {
        Scene {
            console: console.linger(Duration::ZERO),
            is_open: Arc::default(),
            ids: SharedIds::default(),
            services: Vec::new(),
        }
    }

    /// The tracer of that service, drained when the scene is drawn.
    pub(crate) fn service(&mut self, name: &'static str) -> Tracer {
        if let Some((_, tracer)) = self.services.iter().find(|(known, _)| *known == name) {
            return tracer.clone();
        }
        let curtain = Curtain { reporter: BatchReporter::new(self.console.clone()), is_open: self.is_open.clone() };
        let tracer = Tracer::builder(name).id_generator(self.ids.clone()).build_inline(curtain);
        self.services.push((name, tracer.clone()));
        tracer
    }

    /// A span that starts so many microseconds after the beginning of the scene.
    pub(crate) fn span(
        &mut self,
        service: &'static str,
        name: &str,
        kind: SpanKind,
        parent: Option<&SpanContext>,
        start_us: u64,
    ) -> Span {
        let tracer = self.service(service);
        let name = name.to_owned();
        let mut builder = tracer.span(&name);
        if let Some(parent) = parent {
            if kind == SpanKind::Consumer {
                builder.follows_from(parent);
            } else {
                builder.child_of(parent);
            }
        }
        builder.ignore_active_span().kind(kind).start_time(at(start_us)).start()
    }

    /// Brings all spans to the console, then draws what it has.
    pub(crate) fn draw(&self) {
        for is_open in [false, true] {
            self.is_open.store(is_open, Ordering::Relaxed);
            for (_, tracer) in &self.services {
                tracer.flush(PATIENCE).expect("nothing is in the way of drawing");
            }
        }
    }
}

/// So many microseconds after the beginning of the scene.
pub(crate) fn at(us: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + Duration::from_micros(us)
}

/// The context of a span that has one.
pub(crate) fn context(span: &Span) -> SpanContext {
    span.context().expect("the span has a tracer")
}

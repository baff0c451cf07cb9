//! Traces with known ids and times, and how a console draws them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use opentracing_core::mock::SequentialIds;
use opentracing_core::{
    Batch, FlushError, IdGenerator, Reporter, ReporterStats, Span, SpanContext, SpanId, SpanKind, TraceId, Tracer,
};
use opentracing_reporter::{BatchReporter, Console};

use crate::support::transports::PATIENCE;

/// A writer whose content can be read.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    /// The text that was written since the last call.
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

/// The ids of all services of a scene, in sequence.
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

/// What the reporters of a scene do.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    /// Deliver spans to the console.
    Bring,
    /// Draw the due traces.
    Tick,
    /// Draw everything.
    Flush,
}

/// Ignores all but the current act, so that the spans of all services are there before anything is drawn.
struct Curtain {
    reporter: BatchReporter,
    act: Arc<Mutex<Act>>,
}

impl Curtain {
    fn is(&self, act: Act) -> bool {
        *self.act.lock().expect("nothing panics under this lock") == act
    }
}

impl Reporter for Curtain {
    fn report(&mut self, batch: Batch<'_>) {
        self.reporter.report(batch);
    }

    fn tick(&mut self) {
        if self.is(Act::Tick) {
            self.reporter.tick();
        }
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        if self.is(Act::Flush) { self.reporter.flush(deadline) } else { Ok(()) }
    }

    fn stats(&self) -> ReporterStats {
        self.reporter.stats()
    }
}

/// Several services that share one console.
pub(crate) struct Scene {
    console: Console,
    act: Arc<Mutex<Act>>,
    ids: SharedIds,
    services: Vec<(&'static str, Tracer)>,
}

impl Scene {
    /// Every service draws to a clone of the console.
    pub(crate) fn new(console: Console) -> Self {
        Scene {
            console: console.linger(Duration::ZERO),
            act: Arc::new(Mutex::new(Act::Bring)),
            ids: SharedIds::default(),
            services: Vec::new(),
        }
    }

    /// Changes settings of the console.
    pub(crate) fn console(&self, change: fn(Console) -> Console) {
        let _ = change(self.console.clone());
    }

    /// The tracer of a service. It is drained when the scene is drawn.
    pub(crate) fn service(&mut self, name: &'static str) -> Tracer {
        if let Some((_, tracer)) = self.services.iter().find(|(known, _)| *known == name) {
            return tracer.clone();
        }
        let curtain = Curtain { reporter: BatchReporter::new(self.console.clone()), act: self.act.clone() };
        let tracer = Tracer::builder(name).id_generator(self.ids.clone()).build_inline(curtain);
        self.services.push((name, tracer.clone()));
        tracer
    }

    /// A span that starts this many microseconds after the scene. A consumer follows from its parent, others are its
    /// children.
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
        match parent {
            Some(parent) if kind == SpanKind::Consumer => builder.follows_from(parent),
            Some(parent) => builder.child_of(parent),
            None => &mut builder,
        };
        builder.kind(kind).start_time(at(start_us)).start()
    }

    /// Draws the due traces.
    pub(crate) fn draw_due(&self) {
        self.act(Act::Tick);
    }

    /// Draws all traces.
    pub(crate) fn draw(&self) {
        self.act(Act::Flush);
    }

    fn act(&self, act: Act) {
        for act in [Act::Bring, act] {
            *self.act.lock().expect("nothing panics under this lock") = act;
            for (service, tracer) in &self.services {
                assert_eq!(tracer.flush(PATIENCE), Ok(()), "{service}");
            }
        }
    }
}

/// The time this many microseconds after the start of the scene.
pub(crate) fn at(us: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + Duration::from_micros(us)
}

/// The context of a span.
pub(crate) fn context(span: &Span) -> SpanContext {
    span.context().expect("the span has a tracer")
}

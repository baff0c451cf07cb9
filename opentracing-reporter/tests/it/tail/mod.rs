//! Tail sampling, through the public API and with a clock that the test sets.

mod bounds;
mod late;
mod rules;
mod share;
mod usual;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentracing_core::mock::{MockClock, SequentialIds};
use opentracing_core::{ConstSampler, Decision, FinishedSpan, OwnedSpan, TailStats, Tracer, TracerBuilder};
use opentracing_reporter::{BatchReporter, SendOutcome, SendReason, TailSampling, Transport};

const PATIENCE: Duration = Duration::from_secs(20);

/// A tracer with tail sampling, and the spans that were sent.
struct Shop {
    tracer: Tracer,
    clock: MockClock,
    sent: Sent,
}

#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<OwnedSpan>>>);

impl Transport for Sent {
    fn name(&self) -> &'static str {
        "sent"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.0.lock().unwrap().push(span.into());
    }

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        SendOutcome::sent(0)
    }
}

/// Nothing is kept without a reason.
fn strict() -> TailSampling {
    TailSampling::new().share(0.0).without_slower_than_usual()
}

impl Shop {
    fn new(tail: TailSampling) -> Shop {
        Shop::with(tail, |builder| builder.id_generator(SequentialIds::default()))
    }

    fn with(tail: TailSampling, change: impl FnOnce(TracerBuilder) -> TracerBuilder) -> Shop {
        let (clock, sent) = (MockClock::default(), Sent::default());
        let builder = Tracer::builder("shop").clock(clock.clone()).default_sampler(ConstSampler::new(Decision::Record));
        let reporter = BatchReporter::new(sent.clone()).tail_sampling(tail);
        Shop { tracer: change(builder).build_inline(reporter), clock, sent }
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Runs a pass of the drain, and a flush, which decides about traces whose root has finished.
    fn flush(&self) {
        self.tracer.flush(PATIENCE).unwrap();
    }

    fn close(&self) {
        self.tracer.close(PATIENCE).unwrap();
    }

    /// The names of all spans that were sent, in order.
    fn names(&self) -> Vec<String> {
        self.sent.0.lock().unwrap().iter().map(|span| span.operation_name.to_string()).collect()
    }

    fn spans(&self) -> Vec<OwnedSpan> {
        self.sent.0.lock().unwrap().clone()
    }

    /// The tags `sampling.rule` and `sampling.weight` of the last local root that was sent, as text.
    fn reason(&self) -> Option<String> {
        let spans = self.sent.0.lock().unwrap();
        let root = spans.iter().rfind(|span| span.is_local_root)?;
        Some(format!("{} {}", root.tag("sampling.rule")?, root.tag("sampling.weight")?))
    }

    fn tail(&self) -> TailStats {
        self.tracer.stats().tail.expect("there is tail sampling")
    }

    /// What a trace was: kept with rule and weight, or dropped with the rule.
    #[track_caller]
    fn outcome(&self, spans: usize) -> String {
        self.flush();
        let stats = self.tracer.stats();
        assert_eq!((stats.lost(), stats.dropped_unsampled), (0, 0));
        let tail = self.tail();
        let sent = self.names().len();
        assert_eq!(sent as u64, tail.kept_spans);
        assert!(sent == 0 || sent == spans, "{sent} of {spans} spans");
        assert_eq!(tail.kept_spans + tail.dropped_spans, spans as u64);
        match self.reason() {
            Some(reason) => reason,
            None if sent > 0 => "kept".to_owned(),
            None => {
                let rule = tail.rules.iter().find(|rule| rule.dropped > 0);
                format!("dropped by {}", rule.map_or("none", |rule| &rule.rule))
            }
        }
    }
}

//! `opentracing-core`, drained on its own thread into a reporter that reads all fields.

use std::hint::black_box;
use std::time::Duration;

use http::HeaderMap;
use opentracing_core::propagation::{Composite, HttpHeaders, TraceContext};
use opentracing_core::{Batch, ConstSampler, FinishedSpan, InSpan, Reporter, Span, Tracer, Value};

use crate::case::Case;
use crate::library::incoming_headers;
use crate::subject::{Burst, Countdown, Received, Subject, drive, number, owned_text, repeat, repeat_with};

const FLUSH: Duration = Duration::from_secs(60);

pub(super) fn subject(case: Case) -> Subject {
    if case == Case::Noop5 {
        let burst = tagged_late(Tracer::noop());
        return Subject { burst, flush: Box::new(|| ()), received: Received::default(), lost: None };
    }
    let sampler = if case.is_sampled() { ConstSampler::on() } else { ConstSampler::off() };
    let mut builder = Tracer::builder("bench").sampler(sampler);
    if case == Case::Propagate {
        builder = builder.propagator(HttpHeaders, Composite::empty().with(TraceContext::default()));
    }
    let (tracer, drain) = builder.build();
    let received = Received::default();
    let sink = Sink { received: received.clone() };
    std::thread::spawn(move || drain.run(sink));
    let (flushing, counting) = (tracer.clone(), tracer.clone());
    Subject {
        burst: burst(case, tracer),
        flush: Box::new(move || flushing.flush(FLUSH).expect("the sink never blocks")),
        received,
        lost: Some(Box::new(move || counting.stats().lost())),
    }
}

fn burst(case: Case, tracer: Tracer) -> Burst {
    let children = case.children();
    match case {
        Case::Root0 => repeat(move || tracer.span("request").start().finish()),
        Case::Root5 | Case::Unsampled5Start => {
            let url = owned_text();
            repeat(move || {
                tracer
                    .span("request")
                    .tag("component", Value::Static("hyper"))
                    .tag("http.method", Value::Static("GET"))
                    .tag("http.url", &url)
                    .tag("http.status_code", number(200))
                    .tag("peer.port", number(443))
                    .start()
                    .finish();
            })
        }
        Case::Root5Late | Case::Unsampled5 | Case::Noop5 => tagged_late(tracer),
        Case::Log1 => repeat(move || {
            let mut span = tracer.span("request").start();
            span.log_kv(&[
                ("event", Value::Static("cache.miss")),
                ("cache", Value::Static("sessions")),
                ("size", Value::I64(number(42))),
            ]);
            span.finish();
        }),
        Case::Tree10 | Case::Tree100 => repeat(move || {
            let root = tracer.span("request").start();
            for _ in 0..children {
                tracer.span("step").child_of(&root).start().finish();
            }
            root.finish();
        }),
        Case::Tree10Implicit | Case::Tree100Implicit => repeat(move || {
            let _root = tracer.span("request").start_active();
            for _ in 0..children {
                tracer.span("step").start().finish();
            }
        }),
        Case::Tree10Active | Case::Tree100Active => repeat(move || {
            let _root = tracer.span("request").start_active();
            for _ in 0..children {
                tracer.span("step").start_active().close();
            }
        }),
        Case::UnsampledChild => {
            let root = tracer.span("request").start();
            repeat(move || tracer.span("step").child_of(&root).start().finish())
        }
        Case::UnsampledChildImplicit => {
            let open = tracer.clone();
            repeat_with(move || open.span("request").start_active(), move |_| tracer.span("step").start().finish())
        }
        Case::Poll20 => repeat(move || drive(Countdown(20).in_span(tracer.span("request").start()))),
        Case::Shared1 => repeat(move || {
            let mut span = tracer.span("request").start();
            let handle = span.share();
            handle.set_tag("rows", number(3));
            drop(handle);
            span.finish();
        }),
        Case::Propagate | Case::PropagateDefault => {
            let incoming = incoming_headers();
            repeat_with(
                || HeaderMap::with_capacity(32),
                move |outgoing: &mut HeaderMap| {
                    outgoing.clear();
                    let context = tracer.extract(HttpHeaders, &incoming).ok().flatten().expect("there is a context");
                    tracer.inject(&context, HttpHeaders, outgoing).expect("headers take a context");
                    black_box(outgoing);
                },
            )
        }
    }
}

fn tagged_late(tracer: Tracer) -> Burst {
    let url = owned_text();
    repeat(move || {
        let mut span: Span = tracer.span("request").start();
        span.set_tag("component", Value::Static("hyper"))
            .set_tag("http.method", Value::Static("GET"))
            .set_tag("http.url", &url)
            .set_tag("http.status_code", number(200))
            .set_tag("peer.port", number(443));
        span.finish();
    })
}

struct Sink {
    received: Received,
}

impl Reporter for Sink {
    fn report(&mut self, batch: Batch<'_>) {
        batch.iter().for_each(read);
        self.received.add(batch.len());
    }
}

fn read(span: FinishedSpan<'_>) {
    let context = span.context();
    black_box((context.trace_id(), context.span_id(), span.parent_id(), context.sampling()));
    black_box((context.tracestate(), context.instana(), context.baggage_items()));
    black_box((span.operation_name(), span.kind(), span.start_unix_ns(), span.duration_ns()));
    black_box((span.is_local_root(), span.is_failed(), span.is_peer_service_derived(), span.truncated()));
    for tag in span.tags() {
        black_box(tag);
    }
    for log in span.logs() {
        black_box(log.unix_ns());
        for field in log.fields() {
            black_box(field);
        }
    }
    for reference in span.references() {
        black_box(reference);
    }
}

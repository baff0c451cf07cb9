//! fastrace with its defaults and a reporter that reads all fields.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;

use ::fastrace::collector::{Config, EventRecord, Reporter, SpanRecord, W3CTraceContext};
use ::fastrace::future::FutureExt;
use ::fastrace::local::LocalSpan;
use ::fastrace::prelude::SpanContext;
use ::fastrace::{Event, Span};
use ::http::{HeaderMap, HeaderValue};

use crate::case::Case;
use crate::library::incoming_headers;
use crate::subject::{Burst, Countdown, Received, Subject, drive, number, owned_text, repeat, repeat_with};

pub(super) fn subject(case: Case) -> Subject {
    let received = Received::default();
    ::fastrace::set_reporter(Sink { received: received.clone() }, Config::default());
    Subject { burst: burst(case), flush: Box::new(::fastrace::flush), received, lost: None }
}

fn burst(case: Case) -> Burst {
    let children = case.children();
    match case {
        Case::Root0 => repeat(|| drop(sampled())),
        Case::Root5 => tagged(sampled),
        Case::Root5Late => tagged_late(sampled),
        Case::Unsampled5Start => tagged(unsampled),
        Case::Unsampled5 => tagged_late(unsampled),
        // fastrace records nothing without a parent on this thread.
        Case::Noop5 => tagged_late(|| Span::enter_with_local_parent("request")),
        Case::Log1 => repeat(|| {
            let event = Event::new("cache.miss").with_properties(|| {
                [("cache", Cow::Borrowed("sessions")), ("size", Cow::Owned(number(42).to_string()))]
            });
            sampled().add_event(event);
        }),
        Case::Tree10 | Case::Tree100 => repeat(move || {
            let root = sampled();
            for _ in 0..children {
                drop(Span::enter_with_parent("step", &root));
            }
        }),
        Case::Tree10Implicit | Case::Tree100Implicit => repeat(move || {
            let root = sampled();
            let _active = root.set_local_parent();
            for _ in 0..children {
                drop(Span::enter_with_local_parent("step"));
            }
        }),
        Case::Tree10Active | Case::Tree100Active => repeat(move || {
            let root = sampled();
            let _active = root.set_local_parent();
            for _ in 0..children {
                drop(LocalSpan::enter_with_local_parent("step"));
            }
        }),
        Case::UnsampledChild => {
            let root = unsampled();
            repeat(move || drop(Span::enter_with_parent("step", &root)))
        }
        Case::UnsampledChildImplicit => {
            let root = unsampled();
            repeat_once_active(root)
        }
        Case::Poll20 => repeat(|| drive(Countdown(20).in_span(sampled()))),
        Case::Shared1 => repeat(|| {
            let span = Arc::new(sampled());
            let handle = span.clone();
            handle.add_property(|| ("rows", number(3).to_string()));
            drop(handle);
            drop(span);
        }),
        Case::Propagate | Case::PropagateDefault => {
            let incoming = incoming_headers();
            repeat_with(
                || HeaderMap::with_capacity(32),
                move |outgoing: &mut HeaderMap| {
                    outgoing.clear();
                    let header = |name| incoming.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
                    let context =
                        header("traceparent").and_then(|it| W3CTraceContext::decode(it, header("tracestate")));
                    let context = context.expect("there is a context");
                    let traceparent = HeaderValue::from_str(&context.encode_traceparent());
                    outgoing.insert("traceparent", traceparent.expect("a traceparent is a header value"));
                    if let Some(tracestate) = context.encode_tracestate() {
                        let tracestate = HeaderValue::from_str(tracestate);
                        outgoing.insert("tracestate", tracestate.expect("a tracestate is a header value"));
                    }
                    black_box(outgoing);
                },
            )
        }
    }
}

fn sampled() -> Span {
    Span::root("request", SpanContext::random())
}

fn unsampled() -> Span {
    Span::root("request", SpanContext::random().sampled(false))
}

fn tagged(start: impl Fn() -> Span + Send + Sync + 'static) -> Burst {
    let url = owned_text();
    repeat(move || {
        drop(start().with_properties(|| {
            [
                ("component", Cow::Borrowed("hyper")),
                ("http.method", Cow::Borrowed("GET")),
                ("http.url", Cow::Owned(url.clone())),
                ("http.status_code", Cow::Owned(number(200).to_string())),
                ("peer.port", Cow::Owned(number(443).to_string())),
            ]
        }));
    })
}

fn tagged_late(start: impl Fn() -> Span + Send + Sync + 'static) -> Burst {
    let url = owned_text();
    repeat(move || {
        let span = start();
        span.add_property(|| ("component", "hyper"));
        span.add_property(|| ("http.method", "GET"));
        span.add_property(|| ("http.url", url.clone()));
        span.add_property(|| ("http.status_code", number(200).to_string()));
        span.add_property(|| ("peer.port", number(443).to_string()));
    })
}

fn repeat_once_active(root: Span) -> Burst {
    Box::new(move |times| {
        let _active = root.set_local_parent();
        for _ in 0..times {
            drop(Span::enter_with_local_parent("step"));
        }
    })
}

struct Sink {
    received: Received,
}

impl Reporter for Sink {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        spans.iter().for_each(read);
        self.received.add(spans.len());
    }
}

fn read(span: &SpanRecord) {
    let SpanRecord { trace_id, span_id, parent_id, begin_time_unix_ns, duration_ns, name, properties, events, links } =
        span;
    black_box((*trace_id, *span_id, *parent_id, *begin_time_unix_ns, *duration_ns, &**name));
    read_properties(properties);
    for EventRecord { name, timestamp_unix_ns, properties } in events {
        black_box((&**name, *timestamp_unix_ns));
        read_properties(properties);
    }
    for link in links {
        black_box(*link);
    }
}

fn read_properties(properties: &[(Cow<'static, str>, Cow<'static, str>)]) {
    for (key, value) in properties {
        black_box((&**key, &**value));
    }
}

//! The scenarios that the OpenTracing libraries for Python and Java test asynchronous code with, on a runtime with two threads.
//!
//! Each runs with sampled spans, with spans that are not sampled, and with spans of which a handle is taken before anything is
//! written to them. The relations between spans are the same in all three.

mod activate_deactivate;
mod active_span_replacement;
mod actor_propagation;
mod client_server;
mod common_request_handler;
mod error_reporting;
mod late_span_finish;
mod listener_per_request;
mod multiple_callbacks;
mod nested_callbacks;
mod promise_propagation;
mod stateless_common_request_handler;
mod subtask_span_propagation;
mod suspend_resume_propagation;

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, OwnedSpan, Span, SpanBuilder, SpanContext, SpanRef, Tracer};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Spans {
    Sampled,
    Unsampled,
    SharedEarly,
}

/// What a scenario runs with. Notes the context of each span, since one that is not sampled leaves nothing else.
struct Bed {
    mock: MockTracer,
    spans: Spans,
    started: Mutex<Vec<(&'static str, SpanContext)>>,
    handles: Mutex<Vec<SpanRef>>,
}

/// Runs a scenario as a task of the runtime, in all three ways.
#[track_caller]
fn run<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Arc<Bed>) -> F) {
    for spans in [Spans::Sampled, Spans::Unsampled, Spans::SharedEarly] {
        let sampler = if spans == Spans::Unsampled { ConstSampler::off() } else { ConstSampler::on() };
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        let bed = Arc::new(Bed { mock, spans, started: Mutex::default(), handles: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let ended = runtime.block_on(async { tokio::spawn(scenario(bed.clone())).await });
        ended.unwrap_or_else(|error| panic!("{spans:?}: {error}"));
        assert!(bed.tracer().active_context().is_none());
        let stats = bed.tracer().stats();
        assert_eq!((stats.lost(), stats.write_after_finish, stats.scopes_out_of_order), (0, 0, 0), "{spans:?}");
    }
}

impl Bed {
    fn tracer(&self) -> &Tracer {
        self.mock.tracer()
    }

    fn start(&self, name: &'static str) -> Span {
        self.start_with(name, |_| ())
    }

    fn start_with<'a>(&'a self, name: &'static str, settings: impl FnOnce(&mut SpanBuilder<'a>)) -> Span {
        let mut builder = self.tracer().span(name);
        settings(&mut builder);
        let mut span = builder.start();
        if self.spans == Spans::SharedEarly {
            self.handles.lock().unwrap().push(span.share());
        }
        self.started.lock().unwrap().push((name, span.context().unwrap()));
        span
    }

    fn is_sampled(&self) -> bool {
        self.spans != Spans::Unsampled
    }

    /// The finished spans in the order in which they finished; none if they are not sampled.
    fn finished(&self) -> Vec<OwnedSpan> {
        let mut spans = self.mock.finished_spans();
        spans.sort_by_key(OwnedSpan::end_unix_ns);
        spans
    }

    /// Compares the trees of the spans that were started, and of those that have finished, siblings by name.
    #[track_caller]
    fn check_tree(&self, expected: &[&str]) {
        // A detached span ends with its last handle.
        self.handles.lock().unwrap().clear();
        let expected: String = expected.iter().map(|line| format!("{line}\n")).collect();
        let started = self.started.lock().unwrap().clone();
        assert_eq!(tree(&started), expected, "{:?}, started", self.spans);
        let finished = self.finished();
        let finished: Vec<_> = finished.iter().map(|span| (&*span.operation_name, span.context.clone())).collect();
        let expected = if self.is_sampled() { expected } else { String::new() };
        assert_eq!(tree(&finished), expected, "{:?}, finished", self.spans);
    }

    /// Compares the names of the spans that have finished so far, in that order.
    #[track_caller]
    fn check_order(&self, expected: &[&str]) {
        let finished = self.finished();
        let names: Vec<_> = finished.iter().map(|span| &*span.operation_name).collect();
        assert_eq!(names, if self.is_sampled() { expected } else { &[] }, "{:?}", self.spans);
    }

    /// Looks at each finished span of that name; at none if they are not sampled.
    fn each(&self, name: &str, look: impl FnMut(&OwnedSpan)) {
        let finished = self.finished();
        let named: Vec<_> = finished.iter().filter(|span| *span.operation_name == *name).collect();
        assert_eq!(!named.is_empty(), self.is_sampled(), "{:?}", self.spans);
        named.into_iter().for_each(look);
    }

    /// Compares the text of a tag of the one span of that name.
    #[track_caller]
    fn check_tag(&self, name: &str, key: &str, expected: Option<&str>) {
        self.each(name, |span| assert_eq!(text(span, key).as_deref(), expected, "{name} {key}"));
    }
}

fn text(span: &OwnedSpan, key: &str) -> Option<String> {
    span.tag(key).map(|value| value.to_string())
}

fn tree(spans: &[(&str, SpanContext)]) -> String {
    let is_parent = |parent: &SpanContext, c: &SpanContext| {
        c.trace_id() == parent.trace_id() && c.parent_id() == Some(parent.span_id())
    };
    let mut sorted: Vec<_> = spans.iter().collect();
    sorted.sort_by_key(|(name, _)| std::cmp::Reverse(*name));
    let is_root = |context: &SpanContext| !spans.iter().any(|(_, other)| is_parent(other, context));
    let mut open: Vec<_> = sorted.iter().filter(|(_, context)| is_root(context)).map(|span| (0, *span)).collect();
    let mut out = String::new();
    while let Some((depth, (name, context))) = open.pop() {
        let _ = writeln!(out, "{:1$}{name}", "", depth * 2);
        open.extend(sorted.iter().filter(|(_, child)| is_parent(context, child)).map(|child| (depth + 1, *child)));
    }
    out
}

//! Which span becomes the parent.

use opentracing_core::ReferenceKind;
use opentracing_core::mock::MockTracer;
use opentracing_tracing::TracerLayer;
use tracing::{info_span, span::Span};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};

use crate::{native, recorded};

#[test]
fn spans_of_both_kinds_nest() {
    let mock = recorded(|mock| {
        let native_root = mock.tracer().span("native root").start_active();
        info_span!("outer").in_scope(|| {
            let inner = mock.tracer().span("native inner").start_active();
            info_span!("leaf").in_scope(|| native(mock, "native leaf"));
            inner.close();
        });
        native_root.close();
    });
    mock.assert_tree("native root\n  outer\n    native inner\n      leaf\n        native leaf");
}

#[test]
fn explicit_parents_and_roots_are_kept() {
    let mock = recorded(|mock| {
        let elsewhere = info_span!("elsewhere");
        let _active = mock.tracer().span("active").start_active();
        info_span!(parent: &elsewhere, "explicit").in_scope(|| {});
        info_span!(parent: None, "root").in_scope(|| {});
        info_span!(parent: Span::none(), "root of none").in_scope(|| {});
        info_span!("contextual").in_scope(|| {});
    });
    mock.assert_tree("elsewhere\n  explicit\nactive\n  contextual\nroot\nroot of none");
    let traces = ["active", "elsewhere", "root", "root of none"].map(|name| mock.span(name).context.trace_id());
    assert!(traces.iter().enumerate().all(|(at, id)| !traces[..at].contains(id)));
}

/// `tracing` cannot tell a disabled parent from none.
#[test]
fn a_child_of_a_disabled_span_is_a_root_if_explicit_and_a_grandchild_if_not() {
    let mock = MockTracer::new();
    let layer = TracerLayer::with_tracer(mock.tracer().clone());
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(layer);
    tracing::subscriber::with_default(subscriber, || {
        info_span!("top").in_scope(|| {
            let disabled = tracing::debug_span!("disabled");
            info_span!(parent: &disabled, "explicit").in_scope(|| {});
            disabled.in_scope(|| info_span!("contextual").in_scope(|| {}));
        });
    });
    mock.assert_tree("top\n  contextual\nexplicit");
}

#[test]
fn spans_that_a_filter_hides_from_this_layer_do_not_break_the_trace() {
    let mock = MockTracer::new();
    let layer =
        TracerLayer::with_tracer(mock.tracer().clone()).with_filter(filter_fn(|metadata| metadata.name() != "hidden"));
    // Another layer sees all, so that the registry has the hidden span.
    let subscriber = tracing_subscriber::registry().with(layer).with(SeesAll);
    tracing::subscriber::with_default(subscriber, || {
        info_span!("top").in_scope(|| {
            let hidden = info_span!("hidden");
            hidden.in_scope(|| info_span!("contextual").in_scope(|| tracing::warn!("inside")));
            info_span!(parent: &hidden, "explicit").in_scope(|| {});
            tracing::warn!(parent: &hidden, "dropped");
            hidden.record("late", 1);
        });
    });
    mock.assert_tree("top\n  contextual\n  explicit");
    assert_eq!(mock.span("contextual").logs.len(), 1);
    assert_eq!(mock.span("top").logs.len(), 0);
}

struct SeesAll;

impl<S: tracing::Subscriber> Layer<S> for SeesAll {}

#[test]
fn two_layers_with_filters_do_not_disturb_each_other() {
    let (first, second) = (MockTracer::new(), MockTracer::new());
    let of = |mock: &MockTracer| TracerLayer::with_tracer(mock.tracer().clone());
    let subscriber = tracing_subscriber::registry()
        .with(of(&first).with_filter(Targets::new().with_target("first", LevelFilter::TRACE)))
        .with(of(&second).with_filter(Targets::new().with_target("second", LevelFilter::TRACE)));
    tracing::subscriber::with_default(subscriber, || {
        info_span!(target: "first", "a").in_scope(|| {
            info_span!(target: "second", "b").in_scope(|| {
                info_span!(target: "first", "c").in_scope(|| tracing::error!(target: "second", "x"));
            });
        });
    });
    first.assert_tree("a\n  c");
    second.assert_tree("b");
    assert_eq!((first.span("c").logs.len(), second.span("b").logs.len()), (0, 1));
}

#[test]
fn follows_from_is_a_reference_while_the_earlier_span_is_open() {
    let mock = recorded(|_| {
        let earlier = info_span!("earlier");
        let later = info_span!("later");
        later.follows_from(&earlier);
        later.follows_from(later.id());
        let closed = info_span!("closed").id();
        later.follows_from(closed);
    });
    let later = mock.span("later");
    let kinds: Vec<_> =
        later.references.iter().map(|reference| (reference.kind, reference.context.span_id())).collect();
    let earlier = mock.span("earlier").context.span_id();
    let follows_from = ReferenceKind::FollowsFrom;
    assert_eq!(kinds, [(follows_from, earlier), (follows_from, later.context.span_id())]);
}

#[test]
fn suppressed_traces_make_nothing() {
    let mock = MockTracer::with(|builder| {
        builder.sampler(opentracing_core::ConstSampler::new(opentracing_core::Decision::Drop))
    });
    let subscriber = crate::subscriber(&mock, |layer| layer);
    tracing::subscriber::with_default(subscriber, || {
        info_span!("outer", field = 1).in_scope(|| {
            let outer = mock.tracer().active_context();
            tracing::error!("x");
            info_span!("inner").in_scope(|| {
                let inner = mock.tracer().active_context();
                assert_eq!(inner.map(|context| context.trace_id()), outer.map(|context| context.trace_id()));
            });
        });
    });
    assert_eq!(mock.finished_spans().len(), 0);
}

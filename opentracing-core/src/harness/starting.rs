//! Checks of starting spans, with and without parents.

use std::time::{Duration, SystemTime};

use crate::harness::case::{Case, Check, Outcome, checks, ensure, is_child};
use crate::model::context::SpanContext;

pub(super) const CHECKS: &[Check] = checks![
    start_span,
    start_span_with_parent,
    start_child_span,
    start_span_propagation,
    start_span_propagation_ignore_active_span,
];

fn start_span(case: &Case) -> Outcome {
    let span = case.tracer().span("Fry").start();
    let first = case.context(span.context())?;
    span.finish();
    case.finished(first.as_ref())?;

    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(145_670_400);
    let span = case.tracer().span("Fry").tag("birthday", "August 14 1974").start_time(start).start();
    let second = case.context(span.context())?;
    span.finish_at(start + Duration::from_secs(5));
    if let Some(span) = case.finished(second.as_ref())? {
        ensure!(&*span.operation_name == "Fry", "the operation name should be kept");
        ensure!(span.tag("birthday").is_some(), "a start tag should be kept");
        ensure!(span.start_unix_ns == 145_670_400_000_000_000, "an explicit start time should be kept");
        ensure!(span.duration() == Duration::from_secs(5), "an explicit finish time should be kept");
        ensure!(span.parent_id.is_none(), "a span without references should have no parent");
    }
    if let (Some(first), Some(second)) = (first, second) {
        ensure!(first.trace_id() != second.trace_id(), "each span without references should start a new trace");
    }
    Ok(())
}

fn start_span_with_parent(case: &Case) -> Outcome {
    let parent = case.tracer().span("parent").start();
    let parent_context = case.context(parent.context())?;
    let child = case.tracer().span("Leela").child_of(&parent).start();
    let follower = case.tracer().span("Leela").follows_from(&parent_context).tag("birthplace", "sewers").start();
    for (kind, span) in [("ChildOf", child), ("FollowsFrom", follower)] {
        let context = case.context(span.context())?;
        span.finish();
        case.finished(context.as_ref())?;
        if let (Some(context), Some(parent)) = (&context, &parent_context) {
            ensure!(is_child(context, parent), "a {kind} reference should determine the parent and the trace");
            ensure!(
                context.is_sampled() == parent.is_sampled(),
                "children should have the sampling decision of their parent"
            );
        }
    }
    // A reference to `None` is ignored.
    let orphan = case.tracer().span("Nibbler").child_of(&None::<SpanContext>).start();
    if let Some(context) = case.context(orphan.context())? {
        ensure!(context.parent_id().is_none(), "a reference to None should be ignored");
    }
    Ok(())
}

fn start_child_span(case: &Case) -> Outcome {
    let parent = case.tracer().span("parent").start();
    let parent_context = case.context(parent.context())?;
    let child = case.tracer().span("child").child_of(&parent).start();
    let context = case.context(child.context())?;
    // A parent may finish before its child.
    parent.finish();
    child.finish();
    if let Some(span) = case.finished(context.as_ref())? {
        let expected = parent_context.as_ref().map(SpanContext::span_id);
        ensure!(span.parent_id == expected, "the reported parent should be the explicit one");
    }
    case.finished(parent_context.as_ref())?;
    Ok(())
}

fn start_span_propagation(case: &Case) -> Outcome {
    let scope = case.tracer().span("parent").start_active();
    let child = case.tracer().span("child").start();
    if case.has_scopes()
        && let (Some(parent), Some(child)) = (case.context(scope.span().context())?, case.context(child.context())?)
    {
        ensure!(is_child(&child, &parent), "the active span should be the parent");
    }
    Ok(())
}

fn start_span_propagation_ignore_active_span(case: &Case) -> Outcome {
    let scope = case.tracer().span("parent").start_active();
    let child = case.tracer().span("child").ignore_active_span().start();
    if case.has_scopes()
        && let (Some(parent), Some(child)) = (case.context(scope.span().context())?, case.context(child.context())?)
    {
        ensure!(child.parent_id().is_none(), "an ignored active span should not be the parent");
        ensure!(child.trace_id() != parent.trace_id(), "an ignored active span should not determine the trace");
    }
    Ok(())
}

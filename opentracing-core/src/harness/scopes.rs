//! Checks of active spans and scopes.

use crate::harness::case::{Case, Check, Outcome, checks, ensure, is_child};
use crate::model::context::SpanContext;

pub(super) const CHECKS: &[Check] = checks![
    active_span,
    start_active_span,
    start_active_span_parent,
    start_active_span_ignore_active_span,
    start_active_span_not_finish_on_close,
    start_active_span_finish_on_close,
    start_active_span_default_finish_on_close,
    tracer_start_active_span_scope,
    tracer_start_span_scope,
    missing_active,
    missing_active_external,
    activate,
    activate_external,
    activate_finish_on_close,
    activate_nested,
    activate_finish_on_close_nested,
    close_wrong_order,
];

/// Whether the span with this context is the active one; `None` stands for no active span. Always true for a tracer without scopes.
fn is_active(case: &Case, context: Option<&SpanContext>) -> bool {
    !case.has_scopes() || case.tracer().active_context().as_ref() == context
}

fn active_span(case: &Case) -> Outcome {
    ensure!(is_active(case, None), "at first no span should be active");
    let scope = case.tracer().span("Fry").start_active();
    let active = case.tracer().active_span();
    ensure!(
        !case.has_scopes() || active.context() == scope.span().context(),
        "the active span should be the span of the scope"
    );
    let seen = case.tracer().with_active(|span| span.context());
    ensure!(!case.has_scopes() || seen == Some(active.context()), "with_active should find the active span");
    Ok(())
}

fn start_active_span(case: &Case) -> Outcome {
    let scope = case.tracer().span("Fry").start_active();
    if case.has_scopes() {
        ensure!(case.context(scope.span().context())?.is_some(), "a scope should have a span");
    }
    scope.close();
    ensure!(is_active(case, None), "no span should be active after the scope is closed");
    Ok(())
}

fn start_active_span_parent(case: &Case) -> Outcome {
    let parent = case.tracer().span("Fry").start_active();
    let child = case.tracer().span("Farnsworth").start_active();
    if case.has_scopes()
        && let (Some(child), Some(parent)) = (child.span().context(), parent.span().context())
    {
        ensure!(is_child(&child, &parent), "the active span should be the parent of the next one");
    }
    Ok(())
}

fn start_active_span_ignore_active_span(case: &Case) -> Outcome {
    let parent = case.tracer().span("Fry").start_active();
    let other = case.tracer().span("Farnsworth").ignore_active_span().start_active();
    if case.has_scopes()
        && let (Some(other), Some(parent)) = (other.span().context(), parent.span().context())
    {
        ensure!(other.trace_id() != parent.trace_id(), "an ignored active span should not be the parent");
        ensure!(is_active(case, Some(&other)), "the later span should be the active one");
    }
    Ok(())
}

fn start_active_span_not_finish_on_close(case: &Case) -> Outcome {
    let scope = case.tracer().span("Fry").start_active();
    let handle = scope.span().share();
    let span = scope.into_span();
    ensure!(!handle.is_finished(), "into_span should not finish the span");
    ensure!(is_active(case, None), "into_span should deactivate the span");
    span.finish();
    ensure!(!case.has_scopes() || handle.is_finished(), "a span from into_span should finish on its own");
    Ok(())
}

fn start_active_span_finish_on_close(case: &Case) -> Outcome {
    let scope = case.tracer().span("Fry").start_active();
    let handle = scope.span().share();
    ensure!(!handle.is_finished(), "a span should not finish while it is active");
    scope.close();
    ensure!(!case.has_scopes() || handle.is_finished(), "a span should finish with the scope that owns it");
    let context = if case.has_scopes() { handle.context() } else { None };
    case.finished(context.as_ref())?;
    Ok(())
}

fn start_active_span_default_finish_on_close(case: &Case) -> Outcome {
    let handle = {
        let scope = case.tracer().span("Fry").start_active();
        scope.span().share()
    };
    ensure!(!case.has_scopes() || handle.is_finished(), "dropping a scope should finish its span");
    Ok(())
}

fn tracer_start_active_span_scope(case: &Case) -> Outcome {
    let scope = case.tracer().span("Fry").start_active();
    let context = if case.has_scopes() { case.context(scope.span().context())? } else { None };
    ensure!(is_active(case, context.as_ref()), "start_active should activate the span");
    drop(scope);
    ensure!(is_active(case, None), "a span should not be active after its scope is closed");
    Ok(())
}

fn tracer_start_span_scope(case: &Case) -> Outcome {
    let span = case.tracer().span("Fry").start();
    ensure!(is_active(case, None), "start should not activate the span");
    span.finish();
    ensure!(is_active(case, None), "finishing a span should not activate it");
    Ok(())
}

fn missing_active(case: &Case) -> Outcome {
    ensure!(case.tracer().active_context().is_none(), "at first there should be no active context");
    ensure!(case.tracer().active_span().is_noop(), "at first there should be no active span");
    ensure!(case.tracer().with_active(|_| ()).is_none(), "with_active should find no span at first");
    Ok(())
}

/// A span is active on its own thread only.
fn missing_active_external(case: &Case) -> Outcome {
    let _scope = case.tracer().span("Fry").start_active();
    let tracer = case.tracer();
    let elsewhere = std::thread::scope(|threads| threads.spawn(|| tracer.active_context().is_none()).join());
    ensure!(elsewhere.is_ok_and(|none| none), "a span that is active here should not be active on another thread");
    Ok(())
}

fn activate(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Fry").start();
    let (context, handle) = (case.context(span.context())?, span.share());
    let scope = span.activate_borrowed();
    ensure!(is_active(case, context.as_ref()), "a borrowed span should be active");
    drop(scope);
    ensure!(is_active(case, None), "a span should not be active after its scope");
    ensure!(!handle.is_finished(), "a borrowed span should not finish with its scope");
    Ok(())
}

fn activate_external(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Fry").start();
    let (context, handle) = (case.context(span.context())?, span.share());
    let scopes = case.has_scopes();
    let on_other_thread = || {
        let tracer = handle.tracer();
        let scope = handle.activate();
        let active = !scopes || tracer.active_context() == context;
        scope.close();
        active && tracer.active_context().is_none()
    };
    let elsewhere = std::thread::scope(|threads| threads.spawn(on_other_thread).join());
    ensure!(elsewhere.is_ok_and(|active| active), "a SpanRef should activate its span on another thread");
    ensure!(is_active(case, None), "a span that is active elsewhere should not be active here");
    ensure!(!handle.is_finished(), "activating a SpanRef should not finish the span");
    Ok(())
}

fn activate_finish_on_close(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Fry").start();
    let (context, handle) = (case.context(span.context())?, span.share());
    let scope = span.activate();
    ensure!(is_active(case, context.as_ref()), "an activated span should be active");
    scope.close();
    ensure!(is_active(case, None), "a span should not be active after its scope");
    ensure!(!case.has_scopes() || handle.is_finished(), "a span should finish with the scope that owns it");
    Ok(())
}

fn activate_nested(case: &Case) -> Outcome {
    let (mut parent, mut child) = (case.tracer().span("parent").start(), case.tracer().span("child").start());
    let (outer, inner) = (case.context(parent.context())?, case.context(child.context())?);
    let handles = [parent.share(), child.share()];
    let parent = parent.activate_borrowed();
    let child = child.activate_borrowed();
    ensure!(is_active(case, inner.as_ref()), "the later span should be active");
    drop(child);
    ensure!(is_active(case, outer.as_ref()), "the earlier span should be active again");
    drop(parent);
    ensure!(is_active(case, None), "at last no span should be active");
    ensure!(handles.iter().all(|span| !span.is_finished()), "no borrowed span should finish");
    Ok(())
}

fn activate_finish_on_close_nested(case: &Case) -> Outcome {
    let (mut parent, mut child) = (case.tracer().span("parent").start(), case.tracer().span("child").start());
    let outer = case.context(parent.context())?;
    let (parent_handle, child_handle) = (parent.share(), child.share());
    let parent = parent.activate();
    let child = child.activate();
    child.close();
    ensure!(is_active(case, outer.as_ref()), "the earlier span should be active again");
    ensure!(!case.has_scopes() || child_handle.is_finished(), "the later span should finish with its scope");
    ensure!(!parent_handle.is_finished(), "the earlier span should not finish with the later one's scope");
    parent.close();
    ensure!(is_active(case, None), "at last no span should be active");
    ensure!(!case.has_scopes() || parent_handle.is_finished(), "the earlier span should finish with its own scope");
    Ok(())
}

fn close_wrong_order(case: &Case) -> Outcome {
    let (mut parent, mut child) = (case.tracer().span("parent").start(), case.tracer().span("child").start());
    let inner = case.context(child.context())?;
    let (parent_handle, child_handle) = (parent.share(), child.share());
    let parent = parent.activate();
    let child = child.activate();
    parent.close();
    ensure!(is_active(case, inner.as_ref()), "closing an earlier scope should change nothing");
    let untouched = !parent_handle.is_finished() && !child_handle.is_finished();
    ensure!(!case.has_scopes() || untouched, "closing an earlier scope should finish nothing");
    child.close();
    ensure!(is_active(case, None), "no span should be active once both scopes are closed");
    let both = parent_handle.is_finished() && child_handle.is_finished();
    ensure!(!case.has_scopes() || both, "both spans should have finished once both scopes are closed");
    Ok(())
}

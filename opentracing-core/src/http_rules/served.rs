//! Requests that have a server span already.

use http::Extensions;

use crate::model::ids::SpanId;
use crate::span::span::Span;
use crate::sync::count;
use crate::tracer::tracer::Tracer;

/// Marks a request whose server span has started, in the extensions of the request, so that a second server layer with the same tracer
/// makes no second span. A second tracer makes spans of its own.
///
/// Client layers [remove](Self::remove) the mark: what a request leaves through is served anew on the other end.
#[derive(Clone, Copy, Debug)]
pub struct ServedRequest {
    latest: Mark,
    /// Of another tracer.
    earlier: Option<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    tracer: u32,
    span: SpanId,
}

impl ServedRequest {
    /// Marks a request that has this server span.
    pub fn insert(extensions: &mut Extensions, span: &Span) {
        let Some(context) = span.state.lent_context() else { return };
        let latest = Mark { tracer: span.state.tracer(), span: context.span_id() };
        if let Some(ServedRequest { latest: earlier, .. }) = extensions.insert(ServedRequest { latest, earlier: None })
        {
            extensions.insert(ServedRequest { latest, earlier: Some(earlier) });
        }
    }

    /// Whether a request has a server span of this tracer. If so, it is counted in
    /// [`Stats::server_layers_nested`](crate::Stats::server_layers_nested).
    pub fn is_nested(extensions: &Extensions, tracer: &Tracer) -> bool {
        Self::find(extensions, tracer).is_some()
    }

    /// The server span that a request has of this tracer, if it is the active one: to write to it, and to activate it. Dropping it does
    /// not finish the span. The request is counted, as [`is_nested`](Self::is_nested) does. `None` if there is no mark; a span without a
    /// context if another span is active.
    pub fn join(extensions: &Extensions, tracer: &Tracer) -> Option<Span> {
        let mark = Self::find(extensions, tracer)?;
        let active = tracer.active_span();
        let is_marked = active.context().is_some_and(|context| context.span_id() == mark.span);
        Some(if is_marked { active.lend() } else { Span::noop() })
    }

    /// Removes the mark of a request that a client sends.
    pub fn remove(extensions: &mut Extensions) {
        extensions.remove::<ServedRequest>();
    }

    fn find(extensions: &Extensions, tracer: &Tracer) -> Option<Mark> {
        let served = extensions.get::<ServedRequest>()?;
        let recorder = tracer.recorder()?;
        let mut marks = [Some(served.latest), served.earlier].into_iter().flatten();
        let mark = marks.find(|mark| mark.tracer == recorder.id)?;
        count(&recorder.shared.rare.server_layers_nested);
        Some(mark)
    }
}

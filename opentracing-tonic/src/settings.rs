//! What both layers have to be told.

use std::fmt;
use std::sync::Arc;

use http::request;
use opentracing_core::{Span, SpanBuilder, SpanKind, Tracer, Value, tags};
use tonic::body::Body;

use crate::call::{Call, Watch};
use crate::codes::ErrorCodes;
use crate::deadline::Deadline;
use crate::decorator::Hooks;
use crate::framing::Framing;
use crate::path::{self, OTHER_METHOD};
use crate::request_body::{Counter, RequestBody};

type Skip = Arc<dyn Fn(&request::Parts) -> bool + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) kind: SpanKind,
    pub(crate) component: &'static str,
    pub(crate) skip: Vec<Skip>,
    pub(crate) error_codes: ErrorCodes,
    pub(crate) hooks: Hooks,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer, kind: SpanKind, error_codes: ErrorCodes) -> Self {
        Settings { tracer, kind, component: "tonic", skip: Vec::new(), error_codes, hooks: Hooks::default() }
    }

    pub(crate) fn skip_service(&mut self, service: &'static str) {
        self.skip.push(Arc::new(move |request| path::calls(request.uri.path(), service)));
    }

    /// Whether there is a tracer.
    pub(crate) fn is_on(&self) -> bool {
        if self.tracer.is_noop() {
            self.tracer.warn_if_unregistered();
            return false;
        }
        true
    }

    /// Starts the span of a call; the closure says what it refers to.
    pub(crate) fn start<'a>(&'a self, parts: &'a request::Parts, refer: impl FnOnce(&mut SpanBuilder<'a>)) -> Span {
        let path = parts.uri.path();
        let method = path::method(path);
        let mut builder = match method {
            Some(method) => self.tracer.span(opentracing_core::Text::Copied(method)),
            None => self.tracer.span(OTHER_METHOD),
        };
        builder.kind(self.kind);
        refer(&mut builder);
        if self.skip.iter().any(|skip| skip(parts)) {
            return builder.set(tags::SAMPLING_PRIORITY, 0).start();
        }
        builder
            .tag(tags::COMPONENT, Value::Static(self.component))
            .tag(tags::RPC_SYSTEM_NAME, Value::Static("grpc"))
            .tag(tags::RPC_METHOD, method.map_or(Value::Static(OTHER_METHOD), Value::Str));
        if method.is_none() {
            builder.set(tags::RPC_METHOD_ORIGINAL, path);
        }
        builder.start()
    }

    /// The call of which this is the span. What it needs only for the span's tags it has only if they are kept.
    pub(crate) fn call(self: &Arc<Self>, mut span: Span, parts: &request::Parts, body: Body) -> (Call, Body) {
        self.hooks.on_request(&mut span, parts);
        let deadline = Deadline::new(&parts.headers);
        if !span.is_recording() {
            return (Call::new(span, self.clone(), deadline, Watch::Nothing), body);
        }
        if let Some(deadline) = deadline {
            span.set(tags::GRPC_TIMEOUT_MS, deadline.timeout_ms());
        }
        let requests = Arc::new(Counter::default());
        let framing = Framing::of(&parts.headers).unwrap_or(Framing::Grpc);
        let body = Body::new(RequestBody::new(body, framing, requests.clone()));
        (Call::new(span, self.clone(), deadline, Watch::Messages(requests)), body)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("component", &self.component)
            .field("skip", &self.skip.len())
            .field("error_codes", &self.error_codes)
            .field("hooks", &self.hooks)
            .finish()
    }
}

//! The settings that both layers have.

use std::sync::Arc;
use std::time::Duration;

use http::request;
use opentracing_core::http_rules::PeerServices;
use opentracing_core::{Span, SpanBuilder, SpanKind, Tracer, Value, tags};
use tonic::Code;
use tonic::body::Body;

use crate::call::{Call, LatePeer, Watch};
use crate::codes::ErrorCodes;
use crate::deadline::Deadline;
use crate::decorator::{Ending, Hooks};
use crate::framing::Framing;
use crate::path::{self, OTHER_METHOD};
use crate::refusal::MAX_DECODING_MESSAGE_SIZE;
use crate::request_body::{Counter, RequestBody};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) kind: SpanKind,
    pub(crate) component: &'static str,
    pub(crate) error_codes: ErrorCodes,
    /// Of a client: whether a call that the program drops is an error.
    pub(crate) local_cancel_is_error: bool,
    /// Of a client: the largest message that it accepts.
    pub(crate) max_decoding_message_size: usize,
    /// Of a server: the time that it gives its handlers.
    pub(crate) server_timeout: Option<Duration>,
    /// Of a client: the names of the services that it calls.
    pub(crate) peer_services: PeerServices,
    pub(crate) hooks: Hooks,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer, kind: SpanKind, error_codes: ErrorCodes) -> Self {
        Settings {
            tracer,
            kind,
            component: "tonic",
            error_codes,
            local_cancel_is_error: false,
            max_decoding_message_size: MAX_DECODING_MESSAGE_SIZE,
            server_timeout: None,
            peer_services: PeerServices::new(),
            hooks: Hooks::default(),
        }
    }

    /// Whether the end of a call is an error: by who ended it, then by the code. What the program itself drops is none, nor what a client
    /// drops that a server works for. An expired time-out is.
    pub(crate) fn is_error(&self, ending: &Ending<'_>) -> bool {
        let is_dropped = ending.cause.outcome().is_some() && ending.code == Code::Cancelled;
        (!is_dropped || self.local_cancel_is_error) && self.error_codes.contain(ending.code)
    }

    /// Whether there is a tracer.
    pub(crate) fn is_on(&self) -> bool {
        if self.tracer.is_noop() {
            self.tracer.warn_if_unregistered();
            return false;
        }
        true
    }

    /// Starts the span of a call. The closure prepares the builder: kind and references of a server's span, the service that a client
    /// calls.
    pub(crate) fn start<'a>(
        &'a self,
        parts: &'a request::Parts,
        is_skipped: bool,
        prepare: impl FnOnce(&mut SpanBuilder<'a>),
    ) -> Span {
        let path = parts.uri.path();
        let method = path::method(path);
        let mut builder = match method {
            Some(method) => self.tracer.span(opentracing_core::Text::Copied(method)),
            None => self.tracer.span(OTHER_METHOD),
        };
        builder.kind(self.kind);
        prepare(&mut builder);
        if is_skipped {
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

    /// Makes a call of the span that another layer has started.
    pub(crate) fn describe(&self, span: &mut Span, parts: &request::Parts, is_skipped: bool) {
        if is_skipped {
            span.set(tags::SAMPLING_PRIORITY, 0);
            return;
        }
        let path = parts.uri.path();
        let method = path::method(path).unwrap_or(OTHER_METHOD);
        span.set_operation_name(opentracing_core::Text::Copied(method));
        span.set_tag(tags::COMPONENT, Value::Static(self.component))
            .set_tag(tags::RPC_SYSTEM_NAME, Value::Static("grpc"))
            .set_tag(tags::RPC_METHOD, Value::Str(method));
        if method == OTHER_METHOD {
            span.set(tags::RPC_METHOD_ORIGINAL, path);
        }
    }

    /// Makes the call. It counts messages only if the span is recorded.
    pub(crate) fn call(
        self: &Arc<Self>,
        mut span: Span,
        parts: &request::Parts,
        body: Body,
        peer: LatePeer,
    ) -> (Call, Body) {
        self.hooks.on_request(&mut span, parts);
        let deadline = Deadline::new(&parts.headers, self.server_timeout);
        if !span.is_recording() {
            return (Call::new(span, self.clone(), deadline, Watch::Nothing), body);
        }
        if let Some(timeout) = deadline.and_then(Deadline::timeout_ms) {
            span.set(tags::GRPC_TIMEOUT_MS, timeout);
        }
        let requests = Arc::new(Counter::default());
        let framing = Framing::of(&parts.headers).unwrap_or(Framing::Grpc);
        let body = Body::new(RequestBody::new(body, framing, requests.clone(), peer != LatePeer::Known));
        (Call::new(span, self.clone(), deadline, Watch::Messages(requests, peer)), body)
    }
}

/// The setters of a layer that skips calls and has [`Settings`].
macro_rules! setters {
    () => {
        /// Does not record calls of this service, given by its full name: `acme.Metrics`.
        pub fn skip_service(self, service: &'static str) -> Self {
            self.skip(move |request| crate::path::calls(request.uri.path(), service))
        }

        /// Does not record health checks: calls of `grpc.health.v1.Health`.
        pub fn skip_health(self) -> Self {
            self.skip_service(crate::path::HEALTH)
        }

        /// Does not record calls of `grpc.reflection.v1.ServerReflection` and of its predecessor `v1alpha`.
        pub fn skip_reflection(self) -> Self {
            crate::path::REFLECTION.into_iter().fold(self, Self::skip_service)
        }

        /// Sets the tag `component`. The default is `tonic`.
        pub fn component(mut self, component: &'static str) -> Self {
            self.config_mut().settings_mut().component = component;
            self
        }

        /// Adds a decorator. Decorators run in the order in which they were added.
        pub fn decorator(mut self, decorator: impl crate::GrpcDecorator) -> Self {
            self.config_mut().settings_mut().hooks.add(decorator);
            self
        }
    };
}

pub(crate) use setters;

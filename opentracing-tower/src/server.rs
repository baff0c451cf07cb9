//! The span of a request that a server handles.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::uri::Scheme;
use http::{StatusCode, request, response};
use opentracing_core::http_rules::{
    IncomingRequest, OTHER_METHOD, ServedRequest, ServerRules, append_server_timing, append_trace_timing, method_name,
    set_request_tags,
};
use opentracing_core::propagation::HttpHeaders;
use opentracing_core::{AsSpanContext, Span, Tracer, Value, tags};

use crate::decorator::StandardDecorator;
use crate::exchange::{HttpExchange, Side, announced_size, size};
use crate::name::with_operation_name;
use crate::request_size;
use crate::route;
use crate::settings::Settings;
use crate::upgrade;
use crate::url::Url;

/// The `Server-Timing` header of responses, from which a browser learns the trace of its request. Responses of an untrusted request
/// never have it, nor those whose span is not sampled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ServerTiming {
    /// As [`Instana`](Self::Instana) if the tracer [reports to](Tracer::reports_to) Instana and writes Instana's headers, otherwise no
    /// header. A tracer that reports to Instana by another protocol, such as OTLP, does not know it.
    #[default]
    Auto,
    /// `intid;desc=<trace id>`, by which Instana's end-user monitoring connects a page load with its trace.
    Instana,
    /// As [`Auto`](Self::Auto), and always `trace;desc=00-…`: the form of the editor's draft of W3C Trace Context.
    TraceContext,
    /// No header.
    Off,
}

#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    pub(crate) settings: Settings,
    pub(crate) rules: ServerRules,
    pub(crate) server_timing: ServerTiming,
    pub(crate) component: Option<&'static str>,
    pub(crate) scheme: Scheme,
}

/// What the span of a request still needs when the response comes.
pub(crate) struct ServerExchange {
    config: Arc<ServerConfig>,
    method: &'static str,
    is_untrusted: bool,
    route: route::Progress,
    request_size: Option<request_size::Cell>,
}

impl ServerTiming {
    fn is_for_instana(self, tracer: &Tracer) -> bool {
        match self {
            ServerTiming::Instana => true,
            ServerTiming::Auto | ServerTiming::TraceContext => {
                tracer.reports_to("instana") && tracer.injects(HttpHeaders, "instana")
            }
            ServerTiming::Off => false,
        }
    }
}

impl ServerConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        ServerConfig {
            settings: Settings::new(tracer, StandardDecorator::server()),
            rules: ServerRules::default(),
            server_timing: ServerTiming::default(),
            component: None,
            scheme: Scheme::HTTP,
        }
    }

    /// Starts the span; `None` if the request is not traced.
    pub(crate) fn begin(self: &Arc<Self>, parts: &mut request::Parts) -> Option<HttpExchange> {
        let Settings { tracer, known_methods, records_sizes, hooks, .. } = &self.settings;
        if tracer.is_noop() {
            tracer.warn_if_unregistered();
            return None;
        }
        if ServedRequest::is_nested(&parts.extensions, tracer) {
            route::pass_on(&parts.extensions);
            return None;
        }
        let method = method_name(&parts.method, known_methods);
        let incoming = self.rules.apply(parts, route::peer_address(&parts.extensions));
        let is_untrusted = incoming.is_untrusted();
        if incoming.lacks_peer() {
            tracer.count_missing_peer();
        }
        let mut span = self.start(parts, method, &incoming);
        if method == OTHER_METHOD {
            span.set(tags::HTTP_REQUEST_METHOD_ORIGINAL, parts.method.as_str());
        }
        incoming.set_peer_tags(&mut span);
        set_request_tags(&mut span, parts);
        upgrade::set_requested(&mut span, parts);
        let request_size = if *records_sizes { measure_request(&mut span, parts) } else { None };
        hooks.on_request(&mut span, parts);
        let route = route::Progress::new(parts, &span);
        ServedRequest::insert(&mut parts.extensions, &span);
        let exchange = ServerExchange { config: self.clone(), method, is_untrusted, route, request_size };
        Some(HttpExchange::new(span, Side::Server(exchange), &parts.method))
    }

    fn start(&self, parts: &request::Parts, method: &'static str, incoming: &IncomingRequest<'_>) -> Span {
        let tracer = &self.settings.tracer;
        // A corrupt context has been counted, and starts a new trace.
        let caller = tracer.extract(HttpHeaders, &parts.headers).ok().flatten();
        let template = route::template(&parts.extensions);
        let mut buffer = String::new();
        let url = Url::new(route::original_uri(parts), &parts.headers, self.scheme.as_str());
        let url = url.forwarded(incoming.forwarded(), &mut buffer);
        with_operation_name(method, template, |name| {
            let mut builder = tracer.span(name);
            incoming.prepare(&mut builder, &caller);
            if incoming.is_skipped() {
                return builder.start();
            }
            builder
                .tag(tags::COMPONENT, Value::Static(self.component(template.is_some())))
                .tag(tags::HTTP_METHOD, Value::Static(method))
                .tag(tags::HTTP_URL, Value::Url(url.pieces()));
            if let Some(template) = template {
                builder.set(tags::HTTP_ROUTE, template);
            }
            builder.start()
        })
    }

    fn component(&self, routed: bool) -> &'static str {
        self.component.unwrap_or(if routed { "axum" } else { "http" })
    }
}

impl ServerExchange {
    pub(crate) fn settings(&self) -> &Settings {
        &self.config.settings
    }

    pub(crate) fn on_head(&mut self, span: &mut Span, parts: &mut response::Parts) {
        self.settle(span);
        if !span.is_recording() {
            return;
        }
        upgrade::set_accepted(span, parts);
        // A request that no route matches has none that could be missing, and a tunnel has no path.
        let unrouted = matches!(parts.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        let unrouted = unrouted || self.method == "CONNECT";
        if !self.route.is_known() && !unrouted {
            self.config.settings.tracer.count_missing_route();
        }
        let timing = self.config.server_timing;
        let for_instana = timing.is_for_instana(&self.config.settings.tracer);
        let has_timing = for_instana || timing == ServerTiming::TraceContext;
        if !has_timing || self.is_untrusted {
            return;
        }
        let Some(context) = span.as_span_context().filter(|context| context.is_sampled()) else { return };
        if for_instana {
            append_server_timing(&mut parts.headers, context.trace_id());
        }
        if timing == ServerTiming::TraceContext {
            append_trace_timing(&mut parts.headers, &context);
        }
    }

    /// Records the route that became known behind this layer, and how much of the request was read there.
    pub(crate) fn settle(&mut self, span: &mut Span) {
        let ServerExchange { config, method, route, request_size, .. } = self;
        if let Some(bytes) = request_size.as_ref().map(request_size::Cell::bytes).filter(|bytes| *bytes > 0) {
            span.set(tags::HTTP_REQUEST_BODY_SIZE, size(bytes));
        }
        route.settle(|template| {
            // A decorator that has named the span has the last word.
            if span.is_named(method) {
                with_operation_name(method, Some(template), |name| {
                    span.set_operation_name(name);
                });
            }
            span.set(tags::HTTP_ROUTE, template).set_tag(tags::COMPONENT, Value::Static(config.component(true)));
        });
    }
}

/// Sets the announced size. A request without one gets a cell, in which a [`RequestSizeLayer`](crate::RequestSizeLayer) counts.
fn measure_request(span: &mut Span, parts: &mut request::Parts) -> Option<request_size::Cell> {
    if !span.is_recording() {
        return None;
    }
    if parts.headers.contains_key(CONTENT_LENGTH) {
        if let Some(bytes) = announced_size(&parts.headers) {
            span.set(tags::HTTP_REQUEST_BODY_SIZE, bytes);
        }
        return None;
    }
    let cell = request_size::Cell::default();
    parts.extensions.insert(cell.clone());
    Some(cell)
}

/// As [`TracingLayer::new`](crate::TracingLayer::new).
impl Default for ServerConfig {
    fn default() -> Self {
        Self::new(Tracer::global())
    }
}

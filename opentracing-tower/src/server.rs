//! The span of a request that is served.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, UPGRADE};
use http::{StatusCode, request, response};
use opentracing_core::http_rules::{
    Forwarded, OTHER_METHOD, Peer, TrustedProxies, append_server_timing, append_trace_timing, known_method,
};
use opentracing_core::propagation::HttpHeaders;
use opentracing_core::{AsSpanContext, Span, SpanKind, Tracer, Value, tags};

use crate::decorator::StandardDecorator;
use crate::exchange::{HttpExchange, Side};
use crate::hooks::Hooks;
use crate::name::with_operation_name;
use crate::progress::Progress;
use crate::request_size;
use crate::route;
use crate::url::Url;

/// A question about a request.
type Rule = Arc<dyn Fn(&request::Parts) -> bool + Send + Sync>;

type EndsAtHead = Arc<dyn Fn(&response::Parts) -> bool + Send + Sync>;

/// When answers have the header `Server-Timing: intid;desc=…`, by which Instana's end-user monitoring finds the trace of a page load.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ServerTiming {
    /// On the answers of sampled requests, if the tracer writes Instana's headers. Not at a public edge, which tells strangers nothing.
    #[default]
    WithInstana,
    /// As [`WithInstana`](Self::WithInstana), and `Server-Timing: trace;desc=00-…` on the answers of sampled requests, whatever the tracer
    /// writes: the form of the editor's draft of W3C Trace Context. Not at a public edge either.
    WithTraceContext,
    /// Never.
    Off,
}

#[derive(Clone)]
pub(crate) struct ServerConfig {
    pub(crate) tracer: Tracer,
    pub(crate) skip: Vec<Rule>,
    pub(crate) strangers: Vec<Rule>,
    pub(crate) proxies: TrustedProxies,
    pub(crate) methods: Vec<&'static str>,
    pub(crate) ends_at_head: Vec<EndsAtHead>,
    pub(crate) progress_logs: Option<Duration>,
    pub(crate) records_sizes: bool,
    pub(crate) server_timing: ServerTiming,
    pub(crate) component: Option<&'static str>,
    pub(crate) hooks: Hooks,
}

/// What the span of a served request still needs when the answer comes.
pub(crate) struct ServerExchange {
    config: Arc<ServerConfig>,
    method: &'static str,
    is_stranger: bool,
    route: route::Progress,
    progress: Option<Progress>,
    request_size: Option<request_size::Cell>,
}

impl ServerConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        ServerConfig {
            tracer,
            skip: Vec::new(),
            strangers: Vec::new(),
            proxies: TrustedProxies::none(),
            methods: Vec::new(),
            ends_at_head: Vec::new(),
            progress_logs: None,
            records_sizes: false,
            server_timing: ServerTiming::default(),
            component: None,
            hooks: Hooks { standard: StandardDecorator::server(), further: Vec::new() },
        }
    }

    /// Starts the span; `None` if nothing is to be traced.
    pub(crate) fn begin(self: &Arc<Self>, parts: &mut request::Parts) -> Option<HttpExchange> {
        if self.tracer.is_noop() {
            self.tracer.warn_if_unregistered();
            return None;
        }
        let known = known_method(&parts.method)
            .or_else(|| self.methods.iter().copied().find(|known| *known == parts.method.as_str()));
        let method = known.unwrap_or(OTHER_METHOD);
        let address = route::peer_address(&parts.extensions);
        let forwarded = Forwarded::read(&self.proxies, address.map(|address| address.ip()), &parts.headers);
        let is_stranger = self.strangers.iter().any(|is_stranger| is_stranger(parts));
        let mut span = self.start(parts, method, is_stranger, &forwarded);
        if known.is_none() {
            span.set(tags::HTTP_REQUEST_METHOD_ORIGINAL, parts.method.as_str());
        }
        if let Some(peer) = forwarded.client.or(address.map(Peer::from)) {
            peer.set_tags(&mut span);
        }
        let request_size = if self.records_sizes { tell_request_size(&mut span, parts) } else { None };
        self.hooks.on_request(&mut span, parts);
        let route = route::Progress::new(parts, &span);
        let progress = self.progress_logs.map(Progress::new);
        let exchange = ServerExchange { config: self.clone(), method, is_stranger, route, progress, request_size };
        Some(HttpExchange::new(span, Side::Server(exchange), &parts.method))
    }

    fn start(
        &self,
        parts: &request::Parts,
        method: &'static str,
        is_stranger: bool,
        forwarded: &Forwarded<'_>,
    ) -> Span {
        // A corrupt context has been counted, and is none.
        let caller = self.tracer.extract(HttpHeaders, &parts.headers).ok().flatten();
        let (parent, stranger) = match is_stranger {
            false => (caller.as_ref(), None),
            true => (None, caller.as_ref().filter(|caller| caller.is_valid())),
        };
        let skipped = self.skip.iter().any(|skip| skip(parts));
        let template = route::template(&parts.extensions);
        let url = Url::new(route::original_uri(parts), &parts.headers).forwarded(forwarded);
        with_operation_name(method, template, |name| {
            let mut builder = self.tracer.span(name);
            // What is active here is at most the span of whoever accepted the connection.
            builder.kind(SpanKind::Server).ignore_active_span().child_of(&parent).follows_from(&stranger);
            if is_stranger {
                builder.new_trace();
            }
            if skipped {
                return builder.set(tags::SAMPLING_PRIORITY, 0).start();
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
    pub(crate) fn hooks(&self) -> &Hooks {
        &self.config.hooks
    }

    /// The head of the answer is there.
    pub(crate) fn answer(&mut self, span: &mut Span, parts: &mut response::Parts) {
        self.settle(span);
        if !span.is_recording() {
            return;
        }
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            let protocol = parts.headers.get(UPGRADE).and_then(|value| value.to_str().ok());
            span.set(tags::HTTP_UPGRADE, protocol.unwrap_or_default());
        }
        // Where the router knows no route for a request there is none to be missed.
        let unrouted = matches!(parts.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        if !self.route.is_known() && !unrouted {
            self.config.tracer.count_missing_route();
        }
        if self.config.server_timing == ServerTiming::Off || self.is_stranger {
            return;
        }
        let Some(context) = span.as_span_context().filter(|context| context.is_sampled()) else { return };
        if self.config.tracer.injects(HttpHeaders, "instana") {
            append_server_timing(&mut parts.headers, context.trace_id());
        }
        if self.config.server_timing == ServerTiming::WithTraceContext {
            append_trace_timing(&mut parts.headers, &context);
        }
    }

    /// Whether the span ends here, whatever the body does.
    pub(crate) fn ends_at_head(&self, answer: &response::Parts) -> bool {
        self.config.ends_at_head.iter().any(|ends| ends(answer))
    }

    /// So many bytes of the body have passed, and more may.
    pub(crate) fn passed(&mut self, span: &mut Span, bytes: u64) {
        if let Some(progress) = &mut self.progress {
            progress.log(span, bytes);
        }
    }

    /// The body has ended, in whichever way, after so many bytes.
    pub(crate) fn ended(&mut self, span: &mut Span, bytes: u64) {
        if self.config.records_sizes {
            span.set(tags::HTTP_RESPONSE_BODY_SIZE, size(bytes));
        }
        self.settle(span);
    }

    /// Writes the route that became known behind this layer, and how much of the request was read there.
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

/// Sets the size that is announced. Where there is none and may be a body, puts a cell into the request for a layer that counts.
fn tell_request_size(span: &mut Span, parts: &mut request::Parts) -> Option<request_size::Cell> {
    if !span.is_recording() {
        return None;
    }
    if let Some(announced) = parts.headers.get(CONTENT_LENGTH) {
        if let Some(bytes) = announced.to_str().ok().and_then(|bytes| bytes.parse().ok()) {
            span.set(tags::HTTP_REQUEST_BODY_SIZE, size(bytes));
        }
        return None;
    }
    let cell = request_size::Cell::default();
    parts.extensions.insert(cell.clone());
    Some(cell)
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("tracer", &self.tracer)
            .field("skip", &self.skip.len())
            .field("strangers", &self.strangers.len())
            .field("proxies", &self.proxies)
            .field("methods", &self.methods)
            .field("ends_at_head", &self.ends_at_head.len())
            .field("progress_logs", &self.progress_logs)
            .field("records_sizes", &self.records_sizes)
            .field("server_timing", &self.server_timing)
            .field("component", &self.component)
            .field("hooks", &self.hooks)
            .finish()
    }
}

/// As [`TracingLayer::new`](crate::TracingLayer::new).
impl Default for ServerConfig {
    fn default() -> Self {
        Self::new(Tracer::global())
    }
}

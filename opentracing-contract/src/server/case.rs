//! The tools of one check: a server, its tracer, and a visitor.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, SpanKind};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::server::ServerFeature;
use crate::server::body::Fed;
use crate::server::site::{Controls, Site, Variant};
use crate::server::visitor::{Protocol, Upload, Visit, Visitor, Wire};
use crate::spans::SpanExt;
use crate::suite::{BoxFuture, Outcome, ensure, ensure_eq};

type Serve = Box<dyn Fn(TcpListener, Site) -> BoxFuture<'static, ()> + Send + Sync>;

/// One check on one adapter.
pub(crate) struct Case {
    protocol: Protocol,
    features: Box<[ServerFeature]>,
    serve: Serve,
}

/// A running server.
pub(crate) struct Stage {
    pub(crate) mock: MockTracer,
    controls: Controls,
    protocol: Protocol,
    has_routes: bool,
    address: SocketAddr,
    server: AbortHandle,
}

/// A complete response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) visit: Visit,
}

impl Case {
    pub(crate) fn new(
        protocol: Protocol,
        features: &[ServerFeature],
        serve: impl Fn(TcpListener, Site) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Case { protocol, features: features.into(), serve: Box::new(serve) }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Serves with the defaults of the adapter.
    pub(crate) async fn start(&self) -> Result<Stage, String> {
        self.start_with(MockTracer::new(), Variant::Plain).await
    }

    pub(crate) async fn start_with(&self, mock: MockTracer, variant: Variant) -> Result<Stage, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (site, controls) = Site::new(mock.tracer().clone(), variant);
        let server = tokio::spawn((self.serve)(listener, site)).abort_handle();
        let has_routes = self.features.contains(&ServerFeature::Routes);
        Ok(Stage { mock, controls, protocol: self.protocol, has_routes, address, server })
    }
}

impl Stage {
    pub(crate) async fn visitor(&self) -> Result<Visitor, String> {
        Visitor::connect(self.address, self.protocol).await
    }

    pub(crate) async fn wire(&self) -> Result<Wire, String> {
        Wire::connect(self.address).await
    }

    /// Requests a path and reads the whole response.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.ask(request("GET", path, &[])).await
    }

    /// As [`get`](Self::get), with headers.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Answer, String> {
        self.ask(request("GET", path, headers)).await
    }

    /// Sends a request on a connection of its own and reads the whole response.
    pub(crate) async fn ask(&self, request: Request<Upload>) -> Result<Answer, String> {
        let mut visitor = self.visitor().await?;
        let mut visit = visitor.send(request).await?;
        let (text, _) = visit.read().await?;
        Ok(Answer { status: visit.status(), text, visit })
    }

    /// Waits until a handler runs.
    pub(crate) async fn begun(&mut self) -> Outcome {
        self.controls.begun.recv().await.ok_or_else(|| "the site should be there".to_owned())
    }

    pub(crate) fn feed(&self, data: &'static str) {
        // Who has left reads no more.
        let _ = self.controls.feed.send(Fed::Data(data));
    }

    pub(crate) fn end_feed(&self) {
        let _ = self.controls.feed.send(Fed::End);
    }

    /// Lets so many requests to `/together` continue.
    pub(crate) fn open_gate(&self, requests: usize) {
        self.controls.gate.add_permits(requests);
    }

    /// The name of the span of a request, by its route if the adapter knows routes.
    pub(crate) fn name(&self, method: &str, route: &str) -> String {
        if self.has_routes { format!("{method} {route}") } else { method.to_owned() }
    }

    /// The value of `http.route`.
    pub(crate) fn route<'a>(&self, route: &'a str) -> Option<&'a str> {
        self.has_routes.then_some(route)
    }

    /// Waits until that many spans have finished, and returns them in the order in which they started. Fails if there are more.
    pub(crate) async fn spans(&self, count: usize) -> Result<Vec<OwnedSpan>, String> {
        let mut spans = self.mock.finished(count).await;
        spans.sort_by_key(|span| span.start_unix_ns);
        ensure_eq!(spans.len(), count, "the number of spans\n{}of which there", self.mock.tree());
        ensure_eq!(self.mock.tracer().stats().started, count as u64, "the number of spans that were begun");
        Ok(spans)
    }

    /// The one span, that of the server.
    pub(crate) async fn only_span(&self) -> Result<OwnedSpan, String> {
        let span = self.spans(1).await?.remove(0);
        span.is_of_kind(SpanKind::Server)?;
        Ok(span)
    }

    /// The server's span among others: that many in all.
    pub(crate) async fn server_span(&self, count: usize) -> Result<OwnedSpan, String> {
        let mut spans = self.spans(count).await?;
        spans.retain(|span| span.kind == SpanKind::Server);
        ensure_eq!(spans.len(), 1, "the number of server spans in\n{}, which", self.mock.tree());
        Ok(spans.remove(0))
    }

    /// The server's span, and the spans that finished before it.
    pub(crate) async fn first_server_span(&self) -> OwnedSpan {
        let mut spans = self.mock.finished(1).await;
        loop {
            if let Some(span) = spans.iter().find(|span| span.kind == SpanKind::Server) {
                return span.clone();
            }
            spans = self.mock.finished(spans.len() + 1).await;
        }
    }

    /// No span was or is being recorded.
    pub(crate) fn nothing_recorded(&self) -> Outcome {
        ensure!(self.mock.tracer().stats().started == 0, "nothing should be recorded, but\n{}", self.mock.tree());
        Ok(())
    }

    /// The tree of that many spans, with `{}` for the name of the server's.
    pub(crate) async fn has_tree(&self, count: usize, name: &str, below: &str) -> Outcome {
        self.spans(count).await?;
        ensure_eq!(self.mock.tree(), format!("{name} (server){below}\n"), "the tree of spans");
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A request without a body.
pub(crate) fn request(method: &str, path: &str, headers: &[(&'static str, &str)]) -> Request<Upload> {
    with_upload(method, path, headers, Upload::Nothing)
}

/// A request with a body that is fed, and who feeds it.
pub(crate) fn fed_request(
    method: &str,
    path: &str,
    headers: &[(&'static str, &str)],
) -> (Request<Upload>, mpsc::UnboundedSender<Bytes>) {
    let (feed, fed) = mpsc::unbounded_channel();
    (with_upload(method, path, headers, Upload::Fed(fed)), feed)
}

/// What cannot be a header or a path is left out: the checks only ask for what can.
pub(crate) fn with_upload(
    method: &str,
    path: &str,
    headers: &[(&'static str, &str)],
    upload: Upload,
) -> Request<Upload> {
    let mut request = Request::new(upload);
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    *request.uri_mut() = path.parse().unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    request
}

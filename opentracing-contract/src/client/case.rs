//! The tools of one check: a client, its tracer, and a target.

use std::pin::Pin;

use bytes::{Buf, Bytes};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body::Body;
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, SpanKind};

use crate::client::sender::{Answer, Outgoing, Sender};
use crate::client::target::{Asked, Target};
use crate::client::{ClientSetup, ClientVariant};
use crate::server::Protocol;
use crate::spans::SpanExt;
use crate::suite::{BoxFuture, Outcome, ensure, ensure_eq};

type Make = Box<dyn Fn(&ClientSetup) -> Sender + Send + Sync>;

/// One check on one adapter.
pub(crate) struct Case(Make);

/// A client and its target.
pub(crate) struct Stage {
    pub(crate) mock: MockTracer,
    pub(crate) target: Target,
    client: Sender,
}

/// A complete exchange.
pub(crate) struct Exchange {
    pub(crate) asked: Asked,
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// A response that says hello.
pub(crate) const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

impl Case {
    pub(crate) fn new(make: impl Fn(&ClientSetup) -> Sender + Send + Sync + 'static) -> Self {
        Case(Box::new(make))
    }

    /// A client with the defaults of the adapter.
    pub(crate) async fn start(&self) -> Result<Stage, String> {
        self.start_with(MockTracer::new(), ClientVariant::Plain, Protocol::Http1).await
    }

    pub(crate) async fn start_as(&self, variant: ClientVariant) -> Result<Stage, String> {
        self.start_with(MockTracer::new(), variant, Protocol::Http1).await
    }

    pub(crate) async fn start_with(
        &self,
        mock: MockTracer,
        variant: ClientVariant,
        protocol: Protocol,
    ) -> Result<Stage, String> {
        let client = (self.0)(&ClientSetup::new(mock.tracer().clone(), variant, protocol));
        Ok(Stage { mock, client, target: Target::bind().await? })
    }
}

impl Stage {
    /// Sends a request: the call is made now.
    pub(crate) fn send(&self, outgoing: Outgoing) -> BoxFuture<'static, Result<Answer, String>> {
        let answer = self.client.send(outgoing);
        Box::pin(async move { answer.await.map_err(|error| chain(&*error)) })
    }

    /// A `GET` request for a path of the target.
    pub(crate) fn get(&self, path: &str) -> Outgoing {
        outgoing("GET", &self.target.url(path), &[])
    }

    /// Sends a request, answers it with these bytes, and reads the response.
    pub(crate) async fn exchange(&self, outgoing: Outgoing, answer: &str) -> Result<Exchange, String> {
        let call = self.send(outgoing);
        let (called, asked) = tokio::join!(async { read(call.await?).await }, async {
            let mut asked = self.target.asked().await?;
            asked.write(answer).await?;
            Ok::<_, String>(asked)
        });
        let ((status, text), asked) = (called?, asked?);
        Ok(Exchange { asked, status, text })
    }

    /// Sends a request and answers it with these bytes; the body is not read yet.
    pub(crate) async fn head(&self, outgoing: Outgoing, answer: &str) -> Result<(Answer, Asked), String> {
        let call = self.send(outgoing);
        let (answer, asked) = tokio::join!(call, async {
            let mut asked = self.target.asked().await?;
            asked.write(answer).await?;
            Ok::<_, String>(asked)
        });
        Ok((answer?, asked?))
    }

    /// The spans, in the order in which they started. There must be exactly that many.
    pub(crate) async fn spans(&self, count: usize) -> Result<Vec<OwnedSpan>, String> {
        let mut spans = self.mock.finished(count).await;
        spans.sort_by_key(|span| span.start_unix_ns);
        ensure_eq!(spans.len(), count, "the number of spans\n{}of which there", self.mock.tree());
        ensure_eq!(self.mock.tracer().stats().started, count as u64, "the number of spans that were begun");
        Ok(spans)
    }

    /// The one span, that of the client.
    pub(crate) async fn only_span(&self) -> Result<OwnedSpan, String> {
        let span = self.spans(1).await?.remove(0);
        span.is_of_kind(SpanKind::Client)?;
        Ok(span)
    }

    /// No span was or is being recorded.
    pub(crate) fn nothing_recorded(&self) -> Outcome {
        ensure!(self.mock.tracer().stats().started == 0, "nothing should be recorded, but\n{}", self.mock.tree());
        Ok(())
    }
}

/// What cannot be a header or a URL is left out: the checks only ask for what can.
pub(crate) fn outgoing(method: &str, url: &str, headers: &[(&'static str, &str)]) -> Outgoing {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    *request.uri_mut() = url.parse().unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    Outgoing::new(request)
}

/// The next piece of a body.
pub(crate) async fn next(answer: &mut Answer) -> Result<Bytes, String> {
    let frame = std::future::poll_fn(|cx| Pin::new(answer.body_mut()).poll_frame(cx)).await;
    let frame = frame.ok_or("the body should go on")?.map_err(|error| chain(&*error))?;
    frame.into_data().map_err(|_| "there should be data".to_owned())
}

/// Status and body.
pub(crate) async fn read(mut answer: Answer) -> Result<(u16, String), String> {
    let mut all = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(answer.body_mut()).poll_frame(cx)).await {
        if let Ok(data) = frame.map_err(|error| chain(&*error))?.into_data() {
            all.extend_from_slice(data.chunk());
        }
    }
    Ok((answer.status().as_u16(), String::from_utf8(all).map_err(|error| error.to_string())?))
}

/// The error and its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

//! One request with its response: the span, and how it ends.

use std::ops::ControlFlow;

use bytes::Buf;
use http::{HeaderMap, Method, StatusCode, header, response};
use http_body::Body;
use opentracing_core::http_rules::{Exchange, ExchangeEnd, HttpFailure, ProgressLogs, set_time_to_head};
use opentracing_core::{Span, tags};

use crate::client::ClientExchange;
use crate::server::ServerExchange;
use crate::settings::Settings;

/// A traced request in flight.
pub(crate) struct HttpExchange {
    span: Span,
    side: Side,
    method: BodyRule,
    /// `None` until the head is there.
    expected: Option<ExpectedBody>,
    /// How many bytes of the body were read.
    bytes: u64,
    progress: Option<ProgressLogs>,
}

pub(crate) enum Side {
    Server(ServerExchange),
    Client(ClientExchange),
}

/// What the request's method says about the body of the response (RFC 9112, section 6.3).
#[derive(Clone, Copy)]
enum BodyRule {
    /// There may be one.
    Any,
    /// `HEAD`: never, whatever the headers of the response say.
    Never,
    /// `CONNECT`: none with success, which hands the connection over.
    Tunnel,
}

/// How much of a body has to be read before it counts as read to the end.
#[derive(Clone, Copy)]
enum ExpectedBody {
    /// None: no body is sent.
    Nothing,
    /// As many bytes as were announced. The connection does not poll for more.
    Bytes(u64),
    /// Only the body itself knows.
    ToTheEnd,
}

impl HttpExchange {
    pub(crate) fn new(span: Span, side: Side, method: &Method) -> Self {
        let method = match *method {
            Method::HEAD => BodyRule::Never,
            Method::CONNECT => BodyRule::Tunnel,
            _ => BodyRule::Any,
        };
        let progress = side.settings().progress_logs.map(ProgressLogs::new);
        HttpExchange { span, side, method, expected: None, bytes: 0, progress }
    }

    /// Whether as much of the body was read as is sent.
    fn is_complete(&self) -> bool {
        match self.expected {
            Some(ExpectedBody::Nothing) => true,
            Some(ExpectedBody::Bytes(expected)) => self.bytes >= expected,
            Some(ExpectedBody::ToTheEnd) | None => false,
        }
    }

    /// Records what has become known by the end, whichever end it is. Runs no code of the user's.
    fn record_end(&mut self) {
        let HttpExchange { span, side, expected, bytes, .. } = self;
        if expected.is_some() && side.settings().records_sizes {
            span.set(tags::HTTP_RESPONSE_BODY_SIZE, size(*bytes));
        }
        if let Side::Server(server) = side {
            server.settle(span);
        }
    }

    #[cold]
    fn fail(&mut self, failure: HttpFailure<'_>) {
        self.side.settings().hooks.on_error(&mut self.span, &with_causes(failure));
    }

    fn expected_body(&self, parts: &response::Parts, body: &impl Body) -> ExpectedBody {
        let status = parts.status;
        let without_body =
            status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
        match self.method {
            BodyRule::Never => return ExpectedBody::Nothing,
            BodyRule::Tunnel if status.is_success() => return ExpectedBody::Nothing,
            _ if without_body => return ExpectedBody::Nothing,
            _ => {}
        }
        let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        match announced.or_else(|| body.size_hint().exact()) {
            Some(bytes) => ExpectedBody::Bytes(bytes),
            None => ExpectedBody::ToTheEnd,
        }
    }
}

impl Exchange for HttpExchange {
    fn span(&mut self) -> &mut Span {
        &mut self.span
    }

    /// A response without a body ends the exchange, also one that hands the connection over.
    fn on_head<B: Body>(mut self, head: &mut response::Parts, body: &B) -> Option<Self> {
        let HttpExchange { span, side, .. } = &mut self;
        match side {
            Side::Server(server) => server.on_head(span, head),
            Side::Client(client) => client.on_head(span, head),
        }
        side.settings().hooks.on_response(span, head);
        self.expected = Some(self.expected_body(head, body));
        if self.side.settings().ends_at_head.any(head) {
            return None;
        }
        if body.is_end_stream() {
            self.record_end();
            return None;
        }
        set_time_to_head(&mut self.span);
        Some(self)
    }

    fn on_data<B: Body>(&mut self, data: &B::Data, rest: Option<&B>) -> ControlFlow<()> {
        self.bytes += data.remaining() as u64;
        if let (Some(_), Some(progress)) = (rest, &mut self.progress) {
            progress.log(&mut self.span, self.bytes);
        }
        ControlFlow::Continue(())
    }

    fn reads_response(&self) -> bool {
        matches!(self.side, Side::Client(_))
    }

    fn finish(&mut self, end: ExchangeEnd<'_>) {
        self.record_end();
        match end {
            // A body is not read beyond the bytes that it announced.
            ExchangeEnd::Failed(HttpFailure::Aborted) if self.is_complete() => {}
            ExchangeEnd::Failed(failure) => self.fail(failure),
            _ => {}
        }
    }
}

impl Side {
    fn settings(&self) -> &Settings {
        match self {
            Side::Server(server) => server.settings(),
            Side::Client(client) => client.settings(),
        }
    }
}

/// The `content-length`, as the value of a tag.
pub(crate) fn announced_size(headers: &HeaderMap) -> Option<i64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok().map(size)
}

/// A number of bytes, as the value of a tag.
pub(crate) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The errors of hyper and of hyper-util's client have causes that say why there is no response.
#[cfg(feature = "hyper-util")]
fn with_causes(failure: HttpFailure<'_>) -> HttpFailure<'_> {
    let HttpFailure::Service(text) = failure else { return failure };
    if let Some(error) = text.downcast_ref::<hyper_util::client::legacy::Error>() {
        return HttpFailure::Service(text.with_error(error));
    }
    match text.downcast_ref::<hyper::Error>() {
        Some(error) => HttpFailure::Service(text.with_error(error)),
        None => failure,
    }
}

#[cfg(not(feature = "hyper-util"))]
fn with_causes(failure: HttpFailure<'_>) -> HttpFailure<'_> {
    failure
}

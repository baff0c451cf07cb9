//! What the future and the body of one request share: its span, and how it ends.

use std::ops::ControlFlow;

use bytes::Buf;
use http::{Method, StatusCode, header, response};
use http_body::Body;
use opentracing_core::Span;
use opentracing_core::http_rules::{Exchange, ExchangeEnd, HttpFailure};

use crate::client::ClientExchange;
use crate::hooks::Hooks;
use crate::server::ServerExchange;

/// A traced request under way. Dropping it finishes the span.
pub(crate) struct HttpExchange {
    span: Span,
    side: Side,
    method: BodyRule,
    /// `None` until the head is there.
    expected: Option<ExpectedBody>,
    /// How many bytes of the body were read.
    bytes: u64,
}

pub(crate) enum Side {
    Server(ServerExchange),
    Client(ClientExchange),
}

/// What the request's method says about the body of the answer (RFC 9112, section 6.3).
#[derive(Clone, Copy)]
enum BodyRule {
    /// There may be one.
    Any,
    /// `HEAD`: never, whatever the answer's headers say.
    Never,
    /// `CONNECT`: not with success, which hands the connection over.
    Tunnel,
}

/// How much of a body has to be read before it counts as read to the end.
#[derive(Clone, Copy)]
enum ExpectedBody {
    /// None is sent, so nobody reads it.
    Nothing,
    /// As many bytes as were announced. Whoever has sent them does not ask for more.
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
        HttpExchange { span, side, method, expected: None, bytes: 0 }
    }

    /// Whether as much of the body was read as is sent.
    fn is_complete(&self) -> bool {
        match self.expected {
            Some(ExpectedBody::Nothing) => true,
            Some(ExpectedBody::Bytes(expected)) => self.bytes >= expected,
            Some(ExpectedBody::ToTheEnd) | None => false,
        }
    }

    #[cold]
    fn fail(&mut self, failure: HttpFailure<'_>) {
        self.side.hooks().on_error(&mut self.span, &with_causes(failure));
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

    /// An answer without a body ends the exchange, also one that hands the connection over.
    fn on_head<B: Body>(mut self, head: &mut response::Parts, body: &B) -> Option<Self> {
        let HttpExchange { span, side, .. } = &mut self;
        match side {
            Side::Server(server) => server.answer(span, head),
            Side::Client(client) => client.answer(span, head),
        }
        side.hooks().on_response(span, head);
        self.expected = Some(self.expected_body(head, body));
        if self.side.ends_at_head(head) {
            return None;
        }
        if body.is_end_stream() {
            self.side.ended(&mut self.span, 0);
            return None;
        }
        Some(self)
    }

    fn on_data<B: Body>(&mut self, data: &B::Data, rest: Option<&B>) -> ControlFlow<()> {
        self.bytes += data.remaining() as u64;
        if rest.is_some()
            && let Side::Server(server) = &mut self.side
        {
            server.passed(&mut self.span, self.bytes);
        }
        ControlFlow::Continue(())
    }

    fn finish(mut self, end: ExchangeEnd<'_>) {
        let HttpExchange { span, side, expected, bytes, .. } = &mut self;
        match expected {
            Some(_) => side.ended(span, *bytes),
            None => side.settle(span),
        }
        match end {
            // Nobody asks a body for more bytes than it announced.
            ExchangeEnd::Failed(HttpFailure::Aborted) if self.is_complete() => {}
            ExchangeEnd::Failed(failure) => self.fail(failure),
            _ => {}
        }
    }
}

impl Side {
    fn hooks(&self) -> &Hooks {
        match self {
            Side::Server(server) => server.hooks(),
            Side::Client(client) => client.hooks(),
        }
    }

    fn ends_at_head(&self, answer: &response::Parts) -> bool {
        match self {
            Side::Server(server) => server.ends_at_head(answer),
            Side::Client(_) => false,
        }
    }

    /// The body has ended, in whichever way, after so many bytes.
    fn ended(&mut self, span: &mut Span, bytes: u64) {
        if let Side::Server(server) = self {
            server.ended(span, bytes);
        }
    }

    /// Writes what has become known since the start.
    fn settle(&mut self, span: &mut Span) {
        if let Side::Server(server) = self {
            server.settle(span);
        }
    }
}

/// The error of hyper-util's client has causes that say why there is no connection.
#[cfg(feature = "hyper-util")]
fn with_causes(failure: HttpFailure<'_>) -> HttpFailure<'_> {
    match failure {
        HttpFailure::Service(text) => match text.downcast_ref::<hyper_util::client::legacy::Error>() {
            Some(error) => HttpFailure::Service(text.with_error(error)),
            None => failure,
        },
        _ => failure,
    }
}

#[cfg(not(feature = "hyper-util"))]
fn with_causes(failure: HttpFailure<'_>) -> HttpFailure<'_> {
    failure
}

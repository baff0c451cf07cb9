//! What the future and the body of one request share: its span, and how it ends.

use http::{Method, Response, StatusCode, header, response};
use http_body::Body;
use opentracing_core::Span;

use crate::body::ResponseBody;
use crate::client::ClientExchange;
use crate::decorator::Failure;
use crate::hooks::Hooks;
use crate::server::ServerExchange;

/// A traced request under way. Dropping it finishes the span.
pub(crate) struct Exchange {
    pub(crate) span: Span,
    side: Side,
    method: BodyRule,
    expected: ExpectedBody,
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

impl Exchange {
    pub(crate) fn new(span: Span, side: Side, method: &Method) -> Self {
        let method = match *method {
            Method::HEAD => BodyRule::Never,
            Method::CONNECT => BodyRule::Tunnel,
            _ => BodyRule::Any,
        };
        Exchange { span, side, method, expected: ExpectedBody::ToTheEnd }
    }

    /// The head of the answer is there. An answer without a body ends the exchange, also one that hands the connection over.
    pub(crate) fn answer<B: Body>(mut self, response: Response<B>) -> Response<ResponseBody<B>> {
        let (mut parts, body) = response.into_parts();
        let Exchange { span, side, .. } = &mut self;
        match side {
            Side::Server(server) => server.answer(span, &mut parts),
            Side::Client(client) => client.answer(span, &parts),
        }
        side.hooks().on_response(span, &parts);
        self.expected = self.expected_body(&parts, &body);
        let body = if self.side.ends_at_head(&parts) {
            ResponseBody::untraced(body)
        } else if body.is_end_stream() {
            self.ended(0);
            ResponseBody::untraced(body)
        } else {
            ResponseBody::new(self, body)
        };
        Response::from_parts(parts, body)
    }

    /// Whether a body of which so many bytes were read was read to its end.
    pub(crate) fn is_complete(&self, bytes: u64) -> bool {
        match self.expected {
            ExpectedBody::Nothing => true,
            ExpectedBody::Bytes(expected) => bytes >= expected,
            ExpectedBody::ToTheEnd => false,
        }
    }

    /// So many bytes of the body have passed, and more may.
    pub(crate) fn passed(&mut self, bytes: u64) {
        if let Side::Server(server) = &mut self.side {
            server.passed(&mut self.span, bytes);
        }
    }

    /// The body has ended, in whichever way, after so many bytes.
    pub(crate) fn ended(&mut self, bytes: u64) {
        if let Side::Server(server) = &mut self.side {
            server.ended(&mut self.span, bytes);
        }
    }

    /// The exchange did not come to its end.
    #[cold]
    pub(crate) fn fail(mut self, failure: &Failure<'_>) {
        let Exchange { span, side, .. } = &mut self;
        side.settle(span);
        side.hooks().on_error(span, failure);
    }

    /// The exchange was dropped before its end: by a panic, or because nobody wanted it any more.
    #[cold]
    pub(crate) fn abandon(mut self, panicked: bool, failure: &Failure<'_>) {
        // Decorators are foreign code: a second panic would abort the process.
        if panicked || std::thread::panicking() {
            self.side.settle(&mut self.span);
        } else {
            self.fail(failure);
        }
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

    /// Writes what has become known since the start.
    fn settle(&mut self, span: &mut Span) {
        if let Side::Server(server) = self {
            server.settle(span);
        }
    }
}

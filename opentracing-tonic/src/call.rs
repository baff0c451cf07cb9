//! One call with its response: the span, and how it ends.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Buf;
use http::uri::PathAndQuery;
use http::{StatusCode, response};
use http_body::Body;
use opentracing_core::http_rules::{ErrorText, Exchange, ExchangeEnd, HttpFailure};
use opentracing_core::{Span, SpanKind, Value, logs, tags};
use tonic::Code;

use crate::codes::code_name;
use crate::deadline::Deadline;
use crate::decorator::{Cause, Ending};
use crate::error_info::ErrorInfo;
use crate::frames::{Frames, WebStatus};
use crate::framing::{self, Framing};
use crate::path::{self, OTHER_METHOD};
use crate::refusal::Refusal;
use crate::request_body::Counter;
use crate::settings::Settings;
use crate::status;

/// A traced call in flight.
pub(crate) struct Call {
    pub(crate) span: Span,
    settings: Arc<Settings>,
    deadline: Option<Deadline>,
    watch: Watch,
    /// The requested method, of a server's span that is named after it.
    requested: Option<PathAndQuery>,
    is_protobuf: bool,
    /// Why a client does not accept the response.
    refusal: Option<Refusal>,
    http_status: StatusCode,
    frames: Option<Frames>,
    /// The status in the trailers of gRPC-Web, which are in the body.
    status_in_body: Option<WebStatus>,
}

/// What is counted.
pub(crate) enum Watch {
    /// The span is not recorded.
    Nothing,
    /// The messages, of which the request body counts its own, and the peer.
    Messages(Arc<Counter>, LatePeer),
}

/// Whether the peer becomes known when the call is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LatePeer {
    /// It is known already.
    Known,
    /// It may, and the name of its service is known.
    Expected,
    /// It may, and the name of its service with it.
    WithService,
}

impl Call {
    pub(crate) fn new(span: Span, settings: Arc<Settings>, deadline: Option<Deadline>, watch: Watch) -> Self {
        Call {
            span,
            settings,
            deadline,
            watch,
            requested: None,
            is_protobuf: false,
            refusal: None,
            http_status: StatusCode::OK,
            frames: None,
            status_in_body: None,
        }
    }

    /// Remembers the requested method, in case that the server has none of that name.
    pub(crate) fn requested(mut self, path: Option<&PathAndQuery>) -> Self {
        self.requested = path.filter(|_| self.span.is_recording()).cloned();
        self
    }

    /// Whether the program reads the response, and may refuse it.
    pub(crate) fn may_refuse(&self) -> bool {
        self.settings.kind == SpanKind::Client && self.frames.as_ref().is_some_and(Frames::is_plain)
    }

    /// The program has stopped reading at these bytes of the response, as it does at a message that it does not accept.
    #[cold]
    pub(crate) fn stopped_at(&mut self, first: Option<&[u8]>) {
        let longest = self.frames.as_ref().map_or(0, Frames::longest);
        let first = first.filter(|_| self.is_protobuf);
        self.refusal = Refusal::of(longest, self.settings.max_decoding_message_size, first);
    }

    /// Gives all missing services and methods one name, so that clients cannot create unbounded span names.
    #[cold]
    fn forget_name(&mut self) {
        let Some(method) = self.requested.as_ref().and_then(|path| path::method(path.path())) else { return };
        // A decorator that has named the span has the last word.
        if self.span.is_named(method) {
            self.span.set_operation_name(OTHER_METHOD);
        }
        self.span.set_tag(tags::RPC_METHOD, Value::Static(OTHER_METHOD)).set(tags::RPC_METHOD_ORIGINAL, method);
    }

    /// Whether nothing has read a message of the request. False if nobody knows.
    fn is_unread(&self) -> bool {
        matches!(&self.watch, Watch::Messages(requests, _) if requests.count() == 0)
    }

    /// Whether the body is scanned: to count messages, or to find the status for a decorator.
    fn follows(&self, framing: Framing) -> bool {
        let has_status = framing != Framing::Grpc;
        matches!(self.watch, Watch::Messages(..)) || has_status && !self.settings.hooks.is_empty()
    }

    /// The response has ended without a status.
    #[cold]
    fn finish_without_status(&mut self) {
        let code = status::infer(self.http_status);
        let message = format!("the response has no status, and its HTTP status is {}", self.http_status.as_u16());
        self.end(&Ending { code, message: &message, cause: Cause::NoStatus, trailers: None });
    }

    /// The service or the body returned an error.
    #[cold]
    fn finish_with_error(&mut self, cause: Cause, error: &ErrorText<'_>) {
        let (code, message) = match &self.watch {
            // Of a request that cannot be sent, the error says only that the stream was reset.
            Watch::Messages(requests, _) if self.settings.kind == SpanKind::Client => {
                requests.failure().map(|(code, message)| (code, message.to_owned()))
            }
            _ => None,
        }
        .unwrap_or_else(|| status::of_error(error));
        self.end(&Ending { code, message: &message, cause, trailers: None });
    }

    /// The call was dropped before its end.
    #[cold]
    fn finish_dropped(&mut self, cause: Cause) {
        if cause == Cause::Aborted && self.http_status != StatusCode::OK {
            // The body has nothing that matters.
            return self.finish_without_status();
        }
        if let Some(refusal) = self.refusal.filter(|_| cause == Cause::Aborted) {
            return self.end(&Ending {
                code: refusal.code(),
                message: &refusal.to_string(),
                cause: Cause::Refused,
                trailers: None,
            });
        }
        let is_over = match self.settings.kind {
            SpanKind::Server => self.deadline.is_some_and(|deadline| {
                // The server's own time-out ends with the head of the response.
                deadline.is_over_for_caller() || cause == Cause::Cancelled && deadline.is_over_for_server()
            }),
            _ => self.deadline.is_some_and(Deadline::is_over),
        };
        let (code, message) = match (is_over, cause) {
            (true, _) => (Code::DeadlineExceeded, "dropped after its time-out"),
            (_, Cause::Aborted) => (Code::Cancelled, "dropped before the end of the response"),
            _ => (Code::Cancelled, "dropped before the response"),
        };
        self.end(&Ending { code, message, cause, trailers: None });
    }

    fn end(&mut self, ending: &Ending<'_>) {
        let is_error = self.settings.is_error(ending);
        if is_error {
            self.span.set(tags::ERROR, true);
        }
        if self.span.is_recording() {
            self.span.set_tag(tags::RPC_STATUS_CODE, Value::Static(code_name(ending.code)));
            self.set_counts();
            let gave_up = ending.code == Code::DeadlineExceeded && ending.cause != Cause::Status;
            if gave_up || self.deadline.is_some_and(Deadline::is_over) {
                self.span.set(tags::GRPC_DEADLINE_EXCEEDED, true);
            }
            let outcome = ending.cause.outcome();
            if let Some(outcome) = outcome {
                self.span.set_tag(tags::GRPC_OUTCOME, Value::Static(outcome));
            }
            if let Some(info) = ErrorInfo::of(ending) {
                info.set_tags(&mut self.span);
            }
            if is_error {
                self.span.log_kv(&[
                    (logs::EVENT, Value::Static("error")),
                    (logs::ERROR_KIND, Value::Static(code_name(ending.code))),
                    (logs::MESSAGE, Value::Message(ending.message)),
                ]);
            } else if !ending.message.is_empty() {
                let status = if ending.code == Code::Cancelled { "cancelled" } else { "status" };
                let (event, message) = (outcome.unwrap_or(status), Value::Message(ending.message));
                self.span.log_kv(&[(logs::EVENT, Value::Static(event)), (logs::MESSAGE, message)]);
            }
        }
        self.settings.hooks.on_end(&mut self.span, ending);
    }

    /// Sets what has become known by the end: the numbers of messages, and the endpoint of a balanced channel.
    fn set_counts(&mut self) {
        let Watch::Messages(requests, late_peer) = &self.watch else { return };
        let responses = self.frames.as_ref().map_or(0, Frames::messages);
        self.span
            .set(tags::GRPC_REQUEST_MESSAGES, requests.count() as i64)
            .set(tags::GRPC_RESPONSE_MESSAGES, responses as i64);
        if let Some(peer) = requests.peer() {
            peer.set_tags(&mut self.span);
            if *late_peer == LatePeer::WithService {
                peer.set_service(&self.settings.peer_services, &mut self.span);
            }
        }
    }
}

impl Exchange for Call {
    fn span(&mut self) -> &mut Span {
        &mut self.span
    }

    /// If the head has the status, the call is over.
    fn on_head<B: Body>(mut self, head: &mut response::Parts, body: &B) -> Option<Self> {
        self.settings.hooks.on_response(&mut self.span, head);
        self.http_status = head.status;
        if head.status != StatusCode::OK {
            self.span.set(tags::HTTP_STATUS_CODE, head.status.as_u16());
        }
        self.frames = Framing::of(&head.headers).filter(|framing| self.follows(*framing)).map(Frames::new);
        self.is_protobuf = self.may_refuse() && framing::is_protobuf(&head.headers);
        let status = status::read(&head.headers);
        let code = status.as_ref().map_or_else(|| status::infer(head.status), |(code, _)| *code);
        // A handler reads the request first. tonic's routes answer for a missing service, generated code for a missing method.
        if code == Code::Unimplemented && self.requested.is_some() && self.is_unread() {
            self.forget_name();
        }
        if let Some((code, message)) = status {
            self.end(&Ending { code, message: &message, cause: Cause::Status, trailers: Some(&head.headers) });
            return None;
        }
        if body.is_end_stream() {
            self.finish_without_status();
            return None;
        }
        Some(self)
    }

    /// The status of gRPC-Web ends the call, whatever follows in the body.
    fn on_data<B: Body>(&mut self, data: &B::Data, _: Option<&B>) -> ControlFlow<()> {
        let Some(frames) = &mut self.frames else { return ControlFlow::Continue(()) };
        // The data are `Bytes`, which are contiguous.
        frames.scan(data.chunk());
        self.status_in_body = frames.status();
        if self.status_in_body.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finish(&mut self, end: ExchangeEnd<'_>) {
        if let Some((code, message, trailers)) = self.status_in_body.take() {
            return self.end(&Ending { code, message: &message, cause: Cause::Status, trailers: Some(&trailers) });
        }
        match end {
            ExchangeEnd::Complete(trailers) => match trailers.and_then(status::read) {
                Some((code, message)) => self.end(&Ending { code, message: &message, cause: Cause::Status, trailers }),
                None => self.finish_without_status(),
            },
            ExchangeEnd::Failed(HttpFailure::Service(error)) => self.finish_with_error(Cause::Service, &error),
            ExchangeEnd::Failed(HttpFailure::Body(error)) => self.finish_with_error(Cause::Body, &error),
            ExchangeEnd::Failed(HttpFailure::Aborted) => self.finish_dropped(Cause::Aborted),
            ExchangeEnd::Failed(_) => self.finish_dropped(Cause::Cancelled),
            ExchangeEnd::Panicked => {
                self.span.set(tags::RPC_STATUS_CODE, code_name(Code::Unknown));
                self.set_counts();
            }
            _ => {}
        }
    }
}

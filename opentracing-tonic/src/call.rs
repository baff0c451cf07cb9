//! What the future and the body of one call share: its span, and how it ends.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use opentracing_core::{Span, SpanKind, Value, logs, tags};
use tonic::Code;

use crate::body::ResponseBody;
use crate::codes::code_name;
use crate::deadline::Deadline;
use crate::decorator::{Cause, Ending};
use crate::frames::Frames;
use crate::framing::Framing;
use crate::request_body::Counter;
use crate::settings::Settings;
use crate::status;

/// A traced call under way. Dropping it finishes the span.
pub(crate) struct Call {
    pub(crate) span: Span,
    settings: Arc<Settings>,
    deadline: Option<Deadline>,
    watch: Watch,
    http_status: StatusCode,
    frames: Option<Frames>,
}

/// What is counted of a call.
pub(crate) enum Watch {
    /// The span is not recorded.
    Nothing,
    /// The messages, those of the request by its body.
    Messages(Arc<Counter>),
}

impl Call {
    pub(crate) fn new(span: Span, settings: Arc<Settings>, deadline: Option<Deadline>, watch: Watch) -> Self {
        Call { span, settings, deadline, watch, http_status: StatusCode::OK, frames: None }
    }

    /// The head of the answer is there. If it has the status, the call is over.
    pub(crate) fn answer<B: Body>(mut self, response: Response<B>) -> Response<ResponseBody<B>> {
        let (parts, body) = response.into_parts();
        self.settings.hooks.on_response(&mut self.span, &parts);
        self.http_status = parts.status;
        if parts.status != StatusCode::OK {
            self.span.set(tags::HTTP_STATUS_CODE, parts.status.as_u16().into());
        }
        self.frames = Framing::of(&parts.headers).filter(|framing| self.follows(*framing)).map(Frames::new);
        let status = status::read(&parts.headers);
        let body = if let Some((code, message)) = status {
            self.finish(&Ending { code, message: &message, cause: Cause::Status, trailers: Some(&parts.headers) });
            ResponseBody::untraced(body)
        } else if body.is_end_stream() {
            self.finish_without_status();
            ResponseBody::untraced(body)
        } else {
            ResponseBody::new(self, body)
        };
        Response::from_parts(parts, body)
    }

    /// Whether there is anything to be learned from such a body: messages to be counted, or the status for a decorator.
    fn follows(&self, framing: Framing) -> bool {
        let has_status = framing != Framing::Grpc;
        matches!(self.watch, Watch::Messages(_)) || has_status && !self.settings.hooks.is_empty()
    }

    /// The next bytes of the answer. Whether they have the status, which is in the body in gRPC-Web.
    pub(crate) fn scan(&mut self, data: &[u8]) -> Option<(Code, String, HeaderMap)> {
        let frames = self.frames.as_mut()?;
        frames.scan(data);
        frames.status()
    }

    /// The trailers are there.
    pub(crate) fn finish_with_trailers(self, trailers: &HeaderMap) {
        match status::read(trailers) {
            Some((code, message)) => {
                self.finish(&Ending { code, message: &message, cause: Cause::Status, trailers: Some(trailers) });
            }
            None => self.finish_without_status(),
        }
    }

    /// The trailers were in the body.
    pub(crate) fn finish_with_status(self, (code, message, trailers): &(Code, String, HeaderMap)) {
        self.finish(&Ending { code: *code, message, cause: Cause::Status, trailers: Some(trailers) });
    }

    /// The answer is at its end, and had no status.
    #[cold]
    pub(crate) fn finish_without_status(self) {
        let code = status::infer(self.http_status);
        let message = format!("the answer has no status, and its HTTP status is {}", self.http_status.as_u16());
        self.finish(&Ending { code, message: &message, cause: Cause::NoStatus, trailers: None });
    }

    /// The service or the body returned an error.
    #[cold]
    pub(crate) fn fail(self, cause: Cause, error: &(impl Any + fmt::Display + fmt::Debug)) {
        let (code, message) = status::of_error(error);
        self.finish(&Ending { code, message: &message, cause, trailers: None });
    }

    /// The call was dropped before its end: by a panic, or because nobody wanted it any more.
    #[cold]
    pub(crate) fn abandon(mut self, panicked: bool, cause: Cause) {
        // Decorators are foreign code: a second panic would abort the process.
        if panicked || std::thread::panicking() {
            self.span.set(tags::RPC_STATUS_CODE, code_name(Code::Unknown));
            return self.set_counts();
        }
        if cause == Cause::Aborted && self.http_status != StatusCode::OK {
            // There was no more to be learned from the body.
            return self.finish_without_status();
        }
        let is_over = self.deadline.is_some_and(|deadline| match self.settings.kind {
            SpanKind::Server => deadline.is_over_for_caller(),
            _ => deadline.is_over(),
        });
        let (code, message) = match (is_over, cause) {
            (true, _) => (Code::DeadlineExceeded, "dropped when its time was over"),
            (_, Cause::Aborted) => (Code::Cancelled, "dropped before the end of the answer"),
            _ => (Code::Cancelled, "dropped before the answer had begun"),
        };
        self.finish(&Ending { code, message, cause, trailers: None });
    }

    fn finish(mut self, ending: &Ending<'_>) {
        let is_error = self.settings.error_codes.contain(ending.code);
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
            if is_error {
                self.span.log_kv(&[
                    (logs::EVENT, Value::Static("error")),
                    (logs::ERROR_KIND, Value::Static(code_name(ending.code))),
                    (logs::MESSAGE, Value::Message(ending.message)),
                ]);
            } else if !ending.message.is_empty() {
                let event = if ending.code == Code::Cancelled { "cancelled" } else { "status" };
                let message = Value::Message(ending.message);
                self.span.log_kv(&[(logs::EVENT, Value::Static(event)), (logs::MESSAGE, message)]);
            }
        }
        self.settings.hooks.on_end(&mut self.span, ending);
    }

    fn set_counts(&mut self) {
        if let Watch::Messages(requests) = &self.watch {
            let responses = self.frames.as_ref().map_or(0, Frames::messages);
            self.span
                .set(tags::GRPC_REQUEST_MESSAGES, requests.count() as i64)
                .set(tags::GRPC_RESPONSE_MESSAGES, responses as i64);
        }
    }
}

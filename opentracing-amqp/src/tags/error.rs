//! Recording errors.

use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::{ChannelState, Error, ErrorKind};
use opentracing_core::{ActiveSpan, Span, SpanRef, Value, logs, tags};

/// A span that can be written to: an owned one, or a handle.
pub(crate) trait WriteSpan {
    fn tag(&mut self, key: &'static str, value: Value<'_>);
    fn log(&mut self, fields: &[(&'static str, Value<'_>)]);
}

impl WriteSpan for &mut Span {
    fn tag(&mut self, key: &'static str, value: Value<'_>) {
        self.set_tag(key, value);
    }

    fn log(&mut self, fields: &[(&'static str, Value<'_>)]) {
        self.log_kv(fields);
    }
}

impl WriteSpan for &SpanRef {
    fn tag(&mut self, key: &'static str, value: Value<'_>) {
        self.set_tag(key, value);
    }

    fn log(&mut self, fields: &[(&'static str, Value<'_>)]) {
        self.log_kv(fields);
    }
}

/// Marks the span as failed, with a log.
pub(crate) fn record(mut span: impl WriteSpan, kind: &'static str, message: &str) {
    span.tag(tags::ERROR.name(), Value::Bool(true));
    span.log(&[
        (logs::EVENT, Value::Static("error")),
        (logs::ERROR_KIND, Value::Static(kind)),
        (logs::MESSAGE, Value::Message(message)),
    ]);
}

/// Marks the span as failed because of an error of lapin, with the reply code if the broker sent one.
pub(crate) fn record_lapin(mut span: impl WriteSpan, error: &Error) {
    if let ErrorKind::ProtocolError(error) = error.kind() {
        span.tag(tags::RABBITMQ_REPLY_CODE.name(), Value::from(error.get_id()));
    }
    record(span, kind(error), &error.to_string());
}

/// Logs an error in the active span, without marking it as failed.
#[cold]
pub(crate) fn log_active(span: &ActiveSpan, event: &'static str, error: &Error) {
    span.log_kv(&[
        (logs::EVENT, Value::Static(event)),
        (logs::ERROR_KIND, Value::Static(kind(error))),
        (logs::MESSAGE, Value::Message(&error.to_string())),
    ]);
}

fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::ChannelsLimitReached => "channels_limit",
        ErrorKind::InvalidChannelState(ChannelState::Reconnecting, _) => "reconnecting",
        ErrorKind::InvalidChannel(_) | ErrorKind::InvalidChannelState(..) => "channel_closed",
        ErrorKind::InvalidConnectionState(_) => "connection_closed",
        ErrorKind::IOError(_) => "io",
        ErrorKind::RuntimeShutdownError(_) => "runtime_shutdown",
        ErrorKind::MissingHeartbeatError => "heartbeat",
        ErrorKind::AuthProviderError(_) => "authentication",
        ErrorKind::SerialisationError(_) => "encode",
        ErrorKind::ParsingError(_) => "decode",
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => "access_refused",
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => "not_found",
            AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED) => "resource_locked",
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => "precondition_failed",
            AMQPErrorKind::Soft(AMQPSoftError::CONTENTTOOLARGE) => "content_too_large",
            _ => "protocol",
        },
        _ => "other",
    }
}

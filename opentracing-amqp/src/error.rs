//! What is told of a failure.

use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::{ChannelState, Error, ErrorKind};
use opentracing_core::{Span, SpanRef, Value, logs, tags};

/// What writes to a span: its owner, or a handle.
pub(crate) trait Write {
    fn tag(&mut self, key: &'static str, value: Value<'_>);
    fn log(&mut self, fields: &[(&'static str, Value<'_>)]);
}

impl Write for &mut Span {
    fn tag(&mut self, key: &'static str, value: Value<'_>) {
        self.set_tag(key, value);
    }

    fn log(&mut self, fields: &[(&'static str, Value<'_>)]) {
        self.log_kv(fields);
    }
}

impl Write for &SpanRef {
    fn tag(&mut self, key: &'static str, value: Value<'_>) {
        self.set_tag(key, value);
    }

    fn log(&mut self, fields: &[(&'static str, Value<'_>)]) {
        self.log_kv(fields);
    }
}

/// Marks the span as failed.
pub(crate) fn failed(mut span: impl Write, kind: &'static str, message: &str) {
    span.tag(tags::ERROR.name(), Value::Bool(true));
    span.log(&[
        (logs::EVENT, Value::Static("error")),
        (logs::ERROR_KIND, Value::Static(kind)),
        (logs::MESSAGE, Value::Message(message)),
    ]);
}

/// Marks the span as failed by lapin's error, with the code of the broker's if it is one.
pub(crate) fn record(mut span: impl Write, error: &Error) {
    if let ErrorKind::ProtocolError(error) = error.kind() {
        span.tag(tags::RABBITMQ_REPLY_CODE.name(), Value::from(error.get_id()));
    }
    failed(span, kind(error), &error.to_string());
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

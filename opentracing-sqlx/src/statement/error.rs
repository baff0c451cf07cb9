//! What a span records of an error.

use std::borrow::Cow;

use opentracing_core::{Span, Value, logs, tags};
use sqlx::Error;

use crate::options::StatementText;
use crate::sql::mask_quoted;
use crate::statement::database_error;

/// Marks the span as failed and logs the error. `RowNotFound` is no failure. `shown` is the masked statement.
pub(crate) fn record(span: &mut Span, error: &Error, text: StatementText, shown: &str) {
    if matches!(error, Error::RowNotFound) || !span.is_recording() {
        return;
    }
    span.set(tags::ERROR, true);
    let (kind, message) = match error {
        Error::Database(error) => {
            if let Some(code) = error.code() {
                span.set(tags::DB_RESPONSE_STATUS_CODE, &code);
            }
            (database_error::kind(&**error), database_error::message(&**error, text, shown))
        }
        // The text comes from the user's conversion, which may quote the value.
        Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } if text != StatementText::Full => {
            (kind(error), Some(Cow::Owned(mask_quoted(&error.to_string(), shown).into_owned())))
        }
        _ => (kind(error), Some(Cow::Owned(error.to_string()))),
    };
    let (event, kind) = ((logs::EVENT, Value::Static("error")), (logs::ERROR_KIND, Value::Static(kind)));
    match &message {
        Some(message) => span.log_kv(&[event, kind, (logs::MESSAGE, Value::Message(message))]),
        None => span.log_kv(&[event, kind]),
    };
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Configuration(_) | Error::InvalidArgument(_) => "configuration",
        Error::Io(_) => "io",
        Error::Tls(_) => "tls",
        Error::Protocol(_) => "protocol",
        Error::TypeNotFound { .. } => "type_not_found",
        Error::ColumnIndexOutOfBounds { .. } | Error::ColumnNotFound(_) => "column_not_found",
        Error::ColumnDecode { .. } | Error::Decode(_) => "decode",
        Error::Encode(_) => "encode",
        Error::PoolTimedOut => "pool_timeout",
        Error::PoolClosed => "pool_closed",
        Error::WorkerCrashed => "worker_crashed",
        Error::InvalidSavePointStatement | Error::BeginFailed => "transaction",
        _ => "other",
    }
}

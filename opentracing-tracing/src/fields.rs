//! The fields of a span, as tags.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Write};

use opentracing_core::{Span, SpanKind, SpanRef, Value};
use tracing::field::{Field, Visit};

/// Where fields go: a span that starts, or one that is open.
pub(crate) trait Target {
    fn tag(&mut self, key: &'static str, value: Value<'_>);
    fn name(&mut self, name: &str);
    fn kind(&mut self, kind: SpanKind);
    fn error(&mut self, error: &(dyn Error + 'static));
    fn failure(&mut self, message: &str);
}

macro_rules! target {
    ($type:ty) => {
        impl Target for $type {
            #[inline]
            fn tag(&mut self, key: &'static str, value: Value<'_>) {
                self.set_tag(key, value);
            }

            fn name(&mut self, name: &str) {
                self.set_operation_name(&name);
            }

            fn kind(&mut self, kind: SpanKind) {
                self.set_kind(kind);
            }

            fn error(&mut self, error: &(dyn Error + 'static)) {
                self.log_error(error);
            }

            fn failure(&mut self, message: &str) {
                self.log_kv(&[("event", Value::Static("error")), ("message", Value::Message(message))]);
            }
        }
    };
}
target!(Span);
target!(&SpanRef);

/// Writes fields as tags. The values of the special fields are interpreted.
pub(crate) struct Tags<T> {
    pub(crate) target: T,
}

impl<T: Target> Tags<T> {
    #[inline]
    fn write(&mut self, field: &Field, value: Value<'_>) {
        let key = plain_name(field);
        match Special::of(key) {
            None => self.target.tag(key, value),
            Some(special) => self.write_special(special, key, value),
        }
    }

    #[cold]
    fn write_special(&mut self, special: Special, key: &'static str, value: Value<'_>) {
        let text = text_of(value);
        match special {
            Special::Name => text.into_iter().for_each(|name| self.target.name(name)),
            Special::Kind => match text.and_then(kind) {
                Some(kind) => self.target.kind(kind),
                None => self.target.tag(key, value),
            },
            Special::StatusCode => match text {
                Some(code) if code.eq_ignore_ascii_case("error") => self.target.tag("error", Value::Bool(true)),
                Some(code) if code.eq_ignore_ascii_case("ok") => self.target.tag("error", Value::Bool(false)),
                _ => {}
            },
            Special::StatusDescription => text.into_iter().for_each(|message| self.target.failure(message)),
            Special::Error => match (value, text) {
                (_, Some(message)) => {
                    self.target.tag("error", Value::Bool(true));
                    self.target.failure(message);
                }
                (value, None) => self.target.tag("error", value),
            },
        }
    }
}

impl<T: Target> Visit for Tags<T> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, Value::F64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, Value::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, Value::U64(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.write(field, Value::I64(value)),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.write(field, Value::U64(value)),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, Value::Str(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let key = plain_name(field);
        if let Some(Special::Error) = Special::of(key) {
            self.target.tag("error", Value::Bool(true));
        } else {
            with_text(|text| {
                text.write(format_args!("{value}"));
                self.target.tag(key, Value::Message(&text.0));
            });
        }
        self.target.error(value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        with_text(|text| {
            text.write(format_args!("{value:?}"));
            self.write(field, Value::Message(&text.0));
        });
    }
}

/// Finds the special fields that are needed before a span starts.
#[derive(Default)]
pub(crate) struct Start {
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<SpanKind>,
}

impl Start {
    /// Whether a field of these names is special. Costs a few instructions a field.
    pub(crate) fn is_needed(fields: &tracing::field::FieldSet) -> bool {
        fields.iter().any(|field| field.name().starts_with("otel."))
    }

    fn write(&mut self, field: &Field, text: &str) {
        match Special::of(field.name()) {
            Some(Special::Name) => self.name = Some(text.to_owned()),
            Some(Special::Kind) => self.kind = kind(text),
            _ => {}
        }
    }
}

impl Visit for Start {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name().starts_with("otel.") {
            with_text(|text| {
                text.write(format_args!("{value:?}"));
                self.write(field, &text.0);
            });
        }
    }
}

/// The fields with a meaning, as `tracing-opentelemetry` has them, and `error`.
#[derive(Clone, Copy)]
enum Special {
    Name,
    Kind,
    StatusCode,
    StatusDescription,
    Error,
}

impl Special {
    #[inline]
    fn of(name: &str) -> Option<Special> {
        match name {
            "error" => Some(Special::Error),
            _ if !name.starts_with("otel.") => None,
            "otel.name" => Some(Special::Name),
            "otel.kind" => Some(Special::Kind),
            "otel.status_code" => Some(Special::StatusCode),
            "otel.status_description" | "otel.status_message" => Some(Special::StatusDescription),
            _ => None,
        }
    }
}

fn kind(name: &str) -> Option<SpanKind> {
    use SpanKind::{Client, Consumer, Internal, Producer, Server};
    [Internal, Server, Client, Producer, Consumer].into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
}

fn text_of(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Str(text) | Value::Message(text) => Some(text),
        Value::Static(text) => Some(text),
        _ => None,
    }
}

/// The name without the prefix of raw identifiers.
#[inline]
pub(crate) fn plain_name(field: &Field) -> &'static str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}

/// Text of bounded length, so that an endless `Debug` ends.
#[derive(Default)]
pub(crate) struct Text(pub(crate) String);

impl Text {
    pub(crate) fn push(&mut self, text: &str) {
        let limit = self.0.len() + MAX_VALUE;
        // Longer text is cut.
        let _ = Bounded { text: &mut self.0, limit }.write_str(text);
    }

    /// Appends the text. Keeps what was written before an error.
    pub(crate) fn write(&mut self, text: std::fmt::Arguments<'_>) {
        let limit = self.0.len() + MAX_VALUE;
        let _ = Bounded { text: &mut self.0, limit }.write_fmt(text);
    }
}

struct Bounded<'a> {
    text: &'a mut String,
    limit: usize,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, piece: &str) -> std::fmt::Result {
        let mut end = piece.len().min(self.limit.saturating_sub(self.text.len()));
        while !piece.is_char_boundary(end) {
            end -= 1;
        }
        self.text.push_str(&piece[..end]);
        if end < piece.len() { Err(std::fmt::Error) } else { Ok(()) }
    }
}

/// Bytes of one value, before the limits of the span are applied.
const MAX_VALUE: usize = 1 << 16;
/// Bytes of a buffer that a thread keeps.
const MAX_KEPT: usize = 1 << 14;

thread_local! {
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// Lends this thread's buffer. If it is lent already, or the thread is going away, the closure gets a new one.
pub(crate) fn with_text<R>(f: impl FnOnce(&mut Text) -> R) -> R {
    let mut text = Text(TEXT.try_with(Cell::take).unwrap_or_default());
    text.0.clear();
    let result = f(&mut text);
    if text.0.capacity() <= MAX_KEPT {
        let _ = TEXT.try_with(|kept| kept.set(text.0));
    }
    result
}

//! The fields of an event, as a log.

use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;

use opentracing_core::{Value, logs};
use smallvec::SmallVec;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::fields::{Text, plain_name};

/// Gathers the fields of one event, whose values are lent one by one. Reused by a thread.
#[derive(Default)]
pub(crate) struct Fields {
    text: Text,
    fields: Vec<(&'static str, Piece)>,
}

#[derive(Clone, Copy)]
enum Piece {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    /// A range of the text, and whether it is a message for people.
    Text(usize, usize, bool),
}

/// Fields of a log that need no allocation.
const INLINE: usize = 12;

pub(crate) type LogFields<'a> = SmallVec<[(&'static str, Value<'a>); INLINE]>;

impl Fields {
    /// Calls the closure with the fields of the log for this event.
    pub(crate) fn of<R>(event: &Event<'_>, f: impl FnOnce(&[(&'static str, Value<'_>)]) -> R) -> R {
        let mut fields = FIELDS.try_with(Cell::take).ok().flatten().unwrap_or_default();
        fields.text.0.clear();
        fields.fields.clear();
        event.record(&mut *fields);
        let mut log = LogFields::new();
        fields.write(event, &mut log);
        let result = f(&log);
        drop(log);
        if fields.text.0.capacity() <= MAX_KEPT {
            let _ = FIELDS.try_with(|kept| kept.set(Some(fields)));
        }
        result
    }

    /// Into a vector of the caller, which would be copied as a whole if it were returned.
    fn write<'a>(&'a self, event: &Event<'a>, log: &mut LogFields<'a>) {
        let metadata = event.metadata();
        if *metadata.level() == Level::ERROR {
            log.push((logs::EVENT, Value::Static("error")));
        }
        log.push(("level", Value::Static(level_name(*metadata.level()))));
        let mut logger = Value::Static(metadata.target());
        for (name, piece) in &self.fields {
            let value = match *piece {
                Piece::Bool(value) => Value::Bool(value),
                Piece::I64(value) => Value::I64(value),
                Piece::U64(value) => Value::U64(value),
                Piece::F64(value) => Value::F64(value),
                Piece::Text(start, end, true) => Value::Message(&self.text.0[start..end]),
                Piece::Text(start, end, false) => Value::Str(&self.text.0[start..end]),
            };
            match *name {
                // From the bridge of `log`, where the metadata only names the bridge.
                "log.target" => logger = value,
                "log.module_path" | "log.file" | "log.line" => {}
                name => log.push((name, value)),
            }
        }
        log.push(("logger", logger));
    }

    fn push_str(&mut self, field: &Field, is_message: bool, text: &str) {
        let start = self.text.0.len();
        self.text.push(text);
        self.fields.push((plain_name(field), Piece::Text(start, self.text.0.len(), is_message)));
    }

    fn push_text(&mut self, field: &Field, is_message: bool, text: std::fmt::Arguments<'_>) {
        let start = self.text.0.len();
        self.text.write(text);
        self.fields.push((plain_name(field), Piece::Text(start, self.text.0.len(), is_message)));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.push((plain_name(field), Piece::F64(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push((plain_name(field), Piece::I64(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push((plain_name(field), Piece::U64(value)));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.record_u64(field, value),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((plain_name(field), Piece::Bool(value)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_str(field, field.name() == logs::MESSAGE, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let (message, stack) = logs::error_texts(value);
        self.push_str(field, true, &message);
        if !stack.is_empty() {
            let start = self.text.0.len();
            self.text.push(&stack);
            self.fields.push((logs::STACK, Piece::Text(start, self.text.0.len(), true)));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.push_text(field, true, format_args!("{value:?}"));
    }
}

pub(crate) fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        _ => "TRACE",
    }
}

/// Bytes of a buffer that a thread keeps.
const MAX_KEPT: usize = 1 << 14;

thread_local! {
    static FIELDS: Cell<Option<Box<Fields>>> = const { Cell::new(None) };
}

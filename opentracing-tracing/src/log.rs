//! Ids in the records of `log`, and records as logs of spans.

use std::fmt;

use log::kv::{self, Key, Source, VisitSource};
use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};
use opentracing_core::{ActiveSpan, Text, Tracer, Value, active_ids, logs};
use smallvec::SmallVec;

use crate::fields::with_text;
use crate::ids::{IdDigits, IdFields};
use crate::inside::Inside;

/// A logger for `log` that adds the ids of the active span to each record, and passes it on to another logger.
///
/// The ids are key-values of the record. Loggers that print no key-values, such as `env_logger` without its feature `kv`, get them
/// [in the message](IdLogger::in_message).
///
/// ```
/// use log::{LevelFilter, Log, Metadata, Record};
/// use opentracing_tracing::IdLogger;
///
/// struct MyLogger;
/// # impl Log for MyLogger {
/// #     fn enabled(&self, _: &Metadata<'_>) -> bool { true }
/// #     fn log(&self, _: &Record<'_>) {}
/// #     fn flush(&self) {}
/// # }
///
/// IdLogger::new(MyLogger).in_message().install(LevelFilter::Info)?;
/// # Ok::<(), log::SetLoggerError>(())
/// ```
#[derive(Clone)]
pub struct IdLogger<L> {
    logger: L,
    fields: IdFields,
    in_message: bool,
    span_logs: Option<(Tracer, LevelFilter)>,
}

impl<L: Log> IdLogger<L> {
    /// Wraps a logger.
    pub fn new(logger: L) -> Self {
        IdLogger { logger, fields: IdFields::new(), in_message: false, span_logs: None }
    }

    /// Sets the names and forms of the ids.
    #[must_use]
    pub fn fields(mut self, fields: IdFields) -> Self {
        self.fields = fields;
        self
    }

    /// Writes the ids in front of the message, instead of as key-values.
    #[must_use]
    pub fn in_message(mut self) -> Self {
        self.in_message = true;
        self
    }

    /// Writes records of this level, and more severe ones, as logs of the active span too. None by default. Leave it off where records also
    /// become events of `tracing`, since these are logs of the span already.
    #[must_use]
    pub fn span_logs(mut self, tracer: Tracer, level: LevelFilter) -> Self {
        self.span_logs = Some((tracer, level));
        self
    }

    /// Makes this the logger of the process.
    ///
    /// # Errors
    ///
    /// If the process has one already.
    pub fn install(self, max_level: LevelFilter) -> Result<(), SetLoggerError>
    where
        L: 'static,
    {
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(max_level);
        Ok(())
    }

    /// The tracer, if the record becomes a log of its active span.
    fn span_log(&self, metadata: &Metadata<'_>) -> Option<&Tracer> {
        let (tracer, level) = self.span_logs.as_ref()?;
        // What the tracer itself logs is about the tracer, not about the request.
        (metadata.level() <= *level && !metadata.target().starts_with("opentracing_")).then_some(tracer)
    }
}

impl<L: Log> Log for IdLogger<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logger.enabled(metadata) || self.span_log(metadata).is_some()
    }

    fn log(&self, record: &Record<'_>) {
        if let Some(tracer) = self.span_log(record.metadata())
            && let Some(_inside) = Inside::enter()
        {
            tracer.with_active(|span| write(record, span));
        }
        let Some(ids) = active_ids() else { return self.logger.log(record) };
        if self.in_message {
            let text = self.fields.text();
            self.logger.log(&record.to_builder().args(format_args!("{text} {}", record.args())).build());
        } else {
            let sampled = self.fields.sampled_name().map(|name| (name, ids.is_sampled));
            let pairs = WithIds { record, ids: self.fields.digits(ids), sampled };
            self.logger.log(&record.to_builder().key_values(&pairs).build());
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

impl<L: fmt::Debug> fmt::Debug for IdLogger<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdLogger").field("logger", &self.logger).field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// The key-values of a record, and the ids behind them.
struct WithIds<'a> {
    record: &'a Record<'a>,
    ids: [(&'static str, IdDigits); 2],
    sampled: Option<(&'static str, bool)>,
}

impl Source for WithIds<'_> {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), kv::Error> {
        self.record.key_values().visit(visitor)?;
        let [(trace_name, trace_id), (span_name, span_id)] = &self.ids;
        visitor.visit_pair(Key::from_str(trace_name), kv::Value::from(trace_id.as_str()))?;
        visitor.visit_pair(Key::from_str(span_name), kv::Value::from(span_id.as_str()))?;
        match self.sampled {
            Some((name, is_sampled)) => visitor.visit_pair(Key::from_str(name), kv::Value::from(is_sampled)),
            None => Ok(()),
        }
    }

    fn count(&self) -> usize {
        self.record.key_values().count() + 2 + usize::from(self.sampled.is_some())
    }
}

/// Writes the record as a log of the span.
fn write(record: &Record<'_>, span: &ActiveSpan) {
    if !span.is_recording() {
        return;
    }
    with_text(|text| {
        text.write(format_args!("{}", record.args()));
        let message_end = text.0.len();
        let mut pairs = Pairs { text: &mut text.0, ends: SmallVec::new() };
        // A source that fails has said what it could.
        let _ = record.key_values().visit(&mut pairs);
        let ends = pairs.ends;
        let mut fields: SmallVec<[(Text<'_>, Value<'_>); INLINE]> = SmallVec::new();
        if record.level() == log::Level::Error {
            fields.push((Text::Static(logs::EVENT), Value::Static("error")));
        }
        fields.push((Text::Static("level"), Value::Static(record.level().as_str())));
        fields.push((Text::Static(logs::MESSAGE), Value::Message(&text.0[..message_end])));
        fields.push((Text::Static("logger"), Value::Str(record.target())));
        let mut start = message_end;
        for (key_end, value_end) in ends {
            fields.push((Text::Copied(&text.0[start..key_end]), Value::Str(&text.0[key_end..value_end])));
            start = value_end;
        }
        span.log_kv(&fields);
    });
}

/// Gathers key-values as text.
struct Pairs<'a> {
    text: &'a mut String,
    /// Where each key and each value ends.
    ends: SmallVec<[(usize, usize); INLINE]>,
}

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        use fmt::Write;
        self.text.push_str(key.as_str());
        let key_end = self.text.len();
        write!(self.text, "{value}")?;
        self.ends.push((key_end, self.text.len()));
        Ok(())
    }
}

const INLINE: usize = 12;

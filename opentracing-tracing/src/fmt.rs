//! Ids in the lines of `tracing_subscriber::fmt`.

use std::fmt;

use opentracing_core::{ActiveIds, active_ids};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::fields::with_text;
use crate::ids::IdFields;

/// Wraps a text format, of `tracing_subscriber::fmt` or of your own, so that each line begins with the ids of the active span.
///
/// ```
/// use tracing_subscriber::fmt;
///
/// let layer = fmt::layer().map_event_format(opentracing_tracing::with_ids);
/// # let _: fmt::Layer<tracing_subscriber::Registry, _, _> = layer;
/// ```
pub fn with_ids<F>(format: F) -> WithIds<F> {
    WithIds { format, fields: IdFields::new(), place: Place::Prefix }
}

/// Wraps a format that writes one JSON object a line, so that the ids of the active span are its first members.
///
/// ```
/// use tracing_subscriber::fmt;
///
/// let layer = fmt::layer().json().map_event_format(opentracing_tracing::with_json_ids);
/// # let _: fmt::Layer<tracing_subscriber::Registry, _, _> = layer;
/// ```
pub fn with_json_ids<F>(format: F) -> WithIds<F> {
    WithIds { format, fields: IdFields::new(), place: Place::Json }
}

/// A format that adds the ids of the active span to those of another. Lines without an active span stay as they are.
#[derive(Clone, Copy, Debug)]
pub struct WithIds<F> {
    format: F,
    fields: IdFields,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Prefix,
    Json,
}

impl<F> WithIds<F> {
    /// Sets the names and forms of the ids.
    #[must_use]
    pub fn fields(mut self, fields: IdFields) -> Self {
        self.fields = fields;
        self
    }

    /// The wrapped format.
    pub fn get_ref(&self) -> &F {
        &self.format
    }
}

impl<S, N, F> FormatEvent<S, N> for WithIds<F>
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(ids) = active_ids() else { return self.format.format_event(context, writer, event) };
        match self.place {
            Place::Prefix => {
                write!(writer, "{} ", self.fields.text())?;
                self.format.format_event(context, writer, event)
            }
            Place::Json => with_text(|line| {
                self.format.format_event(context, Writer::new(&mut line.0), event)?;
                match line.0.strip_prefix('{') {
                    Some(rest) => self.write_object(ids, rest, &mut writer),
                    None => writer.write_str(&line.0),
                }
            }),
        }
    }
}

impl<F> WithIds<F> {
    /// Writes a JSON object with the ids in front of its other members.
    fn write_object(&self, ids: ActiveIds, rest: &str, writer: &mut Writer<'_>) -> fmt::Result {
        for (number, (name, digits)) in self.fields.digits(ids).iter().enumerate() {
            write!(writer, "{}{name:?}:\"{}\"", if number == 0 { '{' } else { ',' }, digits.as_str())?;
        }
        if let Some(name) = self.fields.sampled_name() {
            write!(writer, ",{name:?}:{}", ids.is_sampled)?;
        }
        if !rest.trim_start().starts_with('}') {
            writer.write_char(',')?;
        }
        writer.write_str(rest)
    }
}

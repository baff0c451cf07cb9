//! Several formats side by side.

use std::cell::Cell;
use std::sync::Arc;

use crate::model::context::SpanContext;
use crate::propagation::carrier::{TextMapReader, TextMapWriter};
use crate::propagation::counters::{Counters, FormatCounters, FormatStats, PropagatorStats, RestartStats, Restarts};
use crate::propagation::error::{ExtractError, InjectError};
use crate::propagation::extraction::Extraction;
use crate::propagation::field_values::Batch;
use crate::propagation::fields::{Collected, FieldSet, format_bit};
use crate::propagation::format::{AmqpHeaders, HttpHeaders, KafkaHeaders, Propagator, TextMap};
use crate::propagation::formats::instana::NAME as INSTANA;
use crate::propagation::formats::text_format::{Injection, TextFormat};
use crate::propagation::formats::tracestate::TracestateMembers;
use crate::propagation::medium::Medium;

/// All media, by their numbers.
const MEDIA: [Medium; 4] = [Medium::Http, Medium::Text, Medium::Kafka, Medium::Amqp];
const MAX_BAGGAGE_ITEMS: usize = 64;
const MAX_BAGGAGE_BYTES: usize = 8192;

/// Reads contexts by one ordered list of formats and writes them by another.
///
/// [`Extraction`] documents which context is used if several formats are found. Every format of the writing list is written. Both lists are
/// `instana, tracecontext, b3, baggage` by default. A clone has its own counters.
///
/// Reading uses bounded memory for any input: 64 KiB, plus 8 bytes for each byte of baggage that may be read, plus 64 bytes for each item.
/// That is 132 KiB by default. The time grows with the size of the carrier, which the server must limit.
#[derive(Clone, Debug)]
pub struct Composite {
    reading: Vec<Read>,
    /// The fields of all formats to read, on every medium.
    fields: FieldSet,
    /// The formats that may have something in a carrier with none of their fields, as bits by position.
    always_asked: u64,
    /// Whether Instana's format is read, so that its rules apply to the others.
    reads_instana: bool,
    writing: Vec<Arc<dyn TextFormat>>,
    /// The fields of all formats to write, by medium.
    written: [FieldSet; MEDIA.len()],
    max_baggage_items: usize,
    max_baggage_bytes: usize,
    counters: Counters,
    restarts: Restarts,
}

/// A format to read, and its counters.
#[derive(Clone, Debug)]
struct Read {
    format: Arc<dyn TextFormat>,
    counters: FormatCounters,
}

impl Read {
    fn new(format: Arc<dyn TextFormat>) -> Self {
        Read { format, counters: FormatCounters::default() }
    }
}

impl Composite {
    /// Creates a propagator with empty lists, which reads and writes nothing.
    pub fn empty() -> Self {
        Composite {
            reading: Vec::new(),
            fields: FieldSet::new(),
            always_asked: 0,
            reads_instana: false,
            writing: Vec::new(),
            written: [const { FieldSet::new() }; MEDIA.len()],
            max_baggage_items: MAX_BAGGAGE_ITEMS,
            max_baggage_bytes: MAX_BAGGAGE_BYTES,
            counters: Counters::new(),
            restarts: Restarts::default(),
        }
    }

    /// Appends the format to the reading list.
    #[must_use]
    pub fn reading(mut self, format: impl TextFormat) -> Self {
        self.read_also(Arc::new(format));
        self
    }

    /// Appends the format to the writing list.
    #[must_use]
    pub fn writing(mut self, format: impl TextFormat) -> Self {
        self.write_also(Arc::new(format));
        self
    }

    /// Appends the format to both lists.
    #[must_use]
    pub fn with(mut self, format: impl TextFormat) -> Self {
        let format: Arc<dyn TextFormat> = Arc::new(format);
        self.read_also(format.clone());
        self.write_also(format);
        self
    }

    /// The maximum number of baggage items to read and to write. 64 by default, the number that W3C Baggage requires implementations to propagate.
    #[must_use]
    pub fn max_baggage_items(mut self, items: usize) -> Self {
        self.max_baggage_items = items;
        self
    }

    /// The maximum size of encoded baggage to read and to write, in bytes. 8,192 by default, the size that W3C Baggage requires implementations to
    /// propagate.
    #[must_use]
    pub fn max_baggage_bytes(mut self, bytes: usize) -> Self {
        self.max_baggage_bytes = bytes;
        self
    }

    fn read_also(&mut self, format: Arc<dyn TextFormat>) {
        let position = self.reading.len();
        let mut is_found_by_fields = format.prefixes().is_empty();
        for &medium in &MEDIA {
            let fields = format.fields(medium);
            self.fields.add(fields, position);
            is_found_by_fields &= !fields.is_empty();
        }
        if !is_found_by_fields {
            self.always_asked |= format_bit(position);
        }
        self.reads_instana |= format.name() == INSTANA;
        self.reading.push(Read::new(format));
    }

    fn write_also(&mut self, format: Arc<dyn TextFormat>) {
        for (fields, &medium) in self.written.iter_mut().zip(&MEDIA) {
            fields.add(format.fields(medium), self.writing.len());
        }
        self.writing.push(format);
    }

    pub(crate) fn is_reading(&self, name: &str) -> bool {
        self.reading.iter().any(|read| read.format.name() == name)
    }

    fn read(&self, carrier: &dyn TextMapReader, medium: Medium) -> Result<Option<SpanContext>, ExtractError> {
        let mut found = Extraction::new(medium, self.max_baggage_items, self.max_baggage_bytes);
        let collected;
        let (carrier, asked): (&dyn TextMapReader, _) = if carrier.is_indexed() {
            (carrier, u64::MAX)
        } else {
            collected = Collected::new(carrier, &self.fields);
            (&collected, collected.formats() | self.always_asked)
        };
        if asked == 0 {
            return Ok(None);
        }
        if self.reads_instana {
            found.read_instana();
        }
        for (position, Read { format, .. }) in self.reading.iter().enumerate() {
            found.begin_format();
            if asked & format_bit(position) != 0
                && let Err(error) = format.extract(carrier, &mut found)
            {
                found.add_malformed(error);
            }
        }
        self.counters.add(found.malformed(), found.baggage_dropped());
        let (malformed, ignored) = found.unused_formats();
        if malformed | ignored != 0 {
            for (place, Read { counters, .. }) in self.reading.iter().enumerate().take(64) {
                counters.add(malformed >> place & 1 == 1, ignored >> place & 1 == 1);
            }
        }
        if let Some((header, reason)) = found.take_restart() {
            self.restarts.add(header, reason);
        }
        found.finish()
    }

    fn write(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, medium: Medium) -> Result<(), InjectError> {
        let fields = &self.written[medium as usize];
        if !carrier.is_blank() {
            for format in &self.writing {
                format.prefixes().iter().for_each(|prefix| carrier.remove_prefix(prefix));
            }
            if carrier.may_have(fields) {
                fields.iter().for_each(|field| carrier.remove(field));
            }
        }
        if context.has_nothing_to_carry() {
            return Err(InjectError::InvalidSpanContext);
        }
        if carrier.sets_all() {
            let mut batch = Batch::new(carrier, fields);
            self.write_formats(context, &mut batch, medium);
            batch.finish();
        } else {
            self.write_formats(context, carrier, medium);
        }
        Ok(())
    }

    fn write_formats(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, medium: Medium) {
        let mut tracestate = TracestateMembers::default();
        // The ids in a forwarded context are not those of a span of ours, so the list stays as it came.
        if !context.is_forwarded() {
            self.writing.iter().for_each(|format| format.add_tracestate_members(context, &mut tracestate));
        }
        let (max_baggage_items, max_baggage_bytes) = (self.max_baggage_items, self.max_baggage_bytes);
        let baggage_dropped = Cell::new(0);
        let injection = Injection { medium, max_baggage_items, max_baggage_bytes, tracestate, baggage_dropped };
        self.writing.iter().for_each(|format| format.inject(context, carrier, &injection));
        self.counters.add(0, injection.baggage_dropped.get());
    }
}

macro_rules! propagator {
    ($($format:ident, $medium:ident;)*) => {$(
        impl Propagator<$format> for Composite {
            fn inject(&self, context: &SpanContext, carrier: &mut (dyn TextMapWriter + '_)) -> Result<(), InjectError> {
                self.write(context, carrier, Medium::$medium)
            }

            fn extract(&self, carrier: &(dyn TextMapReader + '_)) -> Result<Option<SpanContext>, ExtractError> {
                self.read(carrier, Medium::$medium)
            }

            fn injects(&self, name: &str) -> bool {
                self.writing.iter().any(|format| format.name() == name)
            }

            fn stats(&self) -> PropagatorStats {
                self.counters.stats()
            }

            fn format_stats(&self, stats: &mut Vec<FormatStats>) {
                stats.extend(self.reading.iter().map(|read| read.counters.stats(read.format.name())));
            }

            fn restarts(&self, stats: &mut Vec<RestartStats>) {
                self.restarts.add_to(stats);
            }
        }
    )*};
}

propagator! {
    HttpHeaders, Http;
    TextMap, Text;
    KafkaHeaders, Kafka;
    AmqpHeaders, Amqp;
}

//! The record of one span. Its owner writes it in place, the draining thread reads it, and then it is reused with its capacity.

use std::borrow::Cow;

use crate::clock::ticks::Ticks;
use crate::model::context::{Meta, Reference, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::limits::Limits;
use crate::model::value::{Text, Value};
use crate::record::tag_store::{Number, Piece, Stored, Tag, TagStore};
use crate::redaction::REDACTED;
use crate::redaction::keys::{Redactor, Treatment};

/// Aligned to cache lines, because neighbours in memory belong to different threads. The order of the fields lets a plain span touch only
/// two lines: moving a line between processors costs more than all writes to it.
#[repr(C, align(64))]
pub(crate) struct Record {
    pub(crate) context: SpanContext,
    /// Which parts beyond the first two lines are in use.
    used: u8,
    pub(crate) failed: bool,
    pub(crate) started_panicking: bool,
    /// Further flags. They are not in `used`, since they must not put a span on the slow path of the drain.
    marks: u8,
    /// The number of tags, logs and values that were dropped or truncated.
    pub(crate) truncated: u32,
    pub(crate) start: Ticks,
    // second line
    pub(crate) end: Ticks,
    pub(crate) name: Piece,
    pub(crate) text: String,
    max_tags: u16,
    max_logs: u16,
    max_value: u32,
    /// Begins with the number of tags, so that the tags themselves begin on a new line.
    pub(crate) tags: TagStore,
    // further lines
    pub(crate) logs: Vec<Log>,
    pub(crate) fields: Vec<Tag>,
    pub(crate) references: Vec<Reference>,
    /// Explicit times, kept exactly.
    pub(crate) start_wall_ns: u64,
    pub(crate) end_wall_ns: u64,
    /// What was dropped. Part of `OTHER_PARTS`.
    pub(crate) dropped: Dropped,
    max_references: u16,
    max_log_fields: u16,
}

/// The number of parts of a span that were dropped because of limits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Dropped {
    pub(crate) tags: u32,
    pub(crate) logs: u32,
    pub(crate) references: u32,
}

pub(crate) struct Log {
    pub(crate) at: Stamp,
    pub(crate) first_field: u32,
}

/// A moment as it was recorded. The drain converts it to wall time.
#[derive(Clone, Copy)]
pub(crate) enum Stamp {
    Ticks(Ticks),
    Wall(u64),
}

const TAGS: u8 = 1;
const OTHER_PARTS: u8 = 2;
const START_WALL: u8 = 4;
const END_WALL: u8 = 8;
/// The tracer has its own clock or counter.
const OWN_CLOCK: u8 = 32;
/// The number of tags is at the limit, and no two have the same key.
const NO_REPEATS: u8 = 64;
const LOG_WALL: u8 = 128;

const PEER_SERVICE_DERIVED: u8 = 1;
/// The span is in the list of open spans.
const LISTED: u8 = 2;
/// The span's future has been pending at least once.
const WAITED: u8 = 4;

/// The capacity that a free record may keep.
const KEEP_TEXT: usize = 4096;
const KEEP_TAGS: usize = 128;
const KEEP_REFERENCES: usize = 16;
/// The maximum size of all text of a span together.
const MAX_TEXT: usize = 1 << 20;

impl Record {
    pub(crate) fn new(limits: &Limits) -> Box<Self> {
        Box::new(Record {
            context: SpanContext::EMPTY,
            used: 0,
            failed: false,
            started_panicking: false,
            marks: 0,
            truncated: 0,
            start: Ticks::ZERO,
            end: Ticks::ZERO,
            name: Piece::Static(""),
            start_wall_ns: 0,
            end_wall_ns: 0,
            dropped: Dropped::default(),
            max_tags: limits.tags,
            max_logs: limits.logs,
            max_references: limits.references,
            max_log_fields: limits.log_fields,
            max_value: limits.value_bytes.min(MAX_TEXT as u32),
            tags: TagStore::new(),
            text: String::new(),
            logs: Vec::new(),
            fields: Vec::new(),
            references: Vec::new(),
        })
    }

    /// Runs on the thread that starts the span. The draining thread writes as little as possible, so that the lines stay in this
    /// processor's cache.
    #[inline]
    pub(crate) fn reset(&mut self) {
        if self.used != 0 {
            self.tags.clear();
            if self.used & OTHER_PARTS != 0 {
                self.text.clear();
                self.fields.clear();
                self.logs.clear();
                self.references.clear();
                self.dropped = Dropped::default();
            }
        }
        (self.used, self.failed, self.started_panicking, self.marks, self.truncated) = (0, false, false, 0, 0);
    }

    /// Whether the record exists only for the RED figures. No reporter gets it.
    #[inline]
    pub(crate) fn is_for_figures(&self) -> bool {
        !self.context.meta.is_recording()
    }

    /// Writes a word of each line that every span writes. Reads nothing, because a read would wait for its line.
    #[inline]
    pub(crate) fn touch(&mut self) {
        self.truncated = 0;
        self.end = Ticks::ZERO;
    }

    /// Prepares the record for the stock. A free record must not keep baggage alive, nor the memory of one huge span.
    #[inline(always)]
    pub(crate) fn retire(&mut self) {
        if self.context.extra.is_some() || self.used & (TAGS | OTHER_PARTS) != 0 {
            self.retire_parts();
        }
    }

    #[inline(never)]
    fn retire_parts(&mut self) {
        self.context.extra = None;
        if self.used & TAGS != 0 && self.tags.capacity() > KEEP_TAGS {
            self.tags = TagStore::new();
        }
        if self.used & OTHER_PARTS != 0 {
            self.retire_other_parts();
        }
    }

    fn retire_other_parts(&mut self) {
        // The contexts of references hold baggage as well.
        self.references.clear();
        if self.references.capacity() > KEEP_REFERENCES {
            self.references = Vec::new();
        }
        if self.text.capacity() > KEEP_TEXT {
            self.text = String::new();
        }
        if self.fields.capacity() > KEEP_TAGS {
            self.fields = Vec::new();
        }
        if self.logs.capacity() > KEEP_TAGS {
            self.logs = Vec::new();
        }
    }

    #[inline]
    pub(crate) fn set_name(&mut self, name: Text<'_>) {
        match name {
            Text::Static(text) => self.name = Piece::Static(text),
            Text::Copied(text) => self.name = self.copy_name(text),
        }
    }

    #[cold]
    fn copy_name(&mut self, name: &str) -> Piece {
        self.copy(name)
    }

    /// Always inlined, so that a literal key and a known type of value compile to one call with its arguments in registers. An enum that is
    /// passed in memory is written in parts and read whole, which stalls the processor.
    #[inline(always)]
    pub(crate) fn set_tag(&mut self, key: Text<'_>, value: Value<'_>) {
        match key.as_str() {
            "error" => self.failed = value.is_true(),
            "span.kind" => return self.set_kind(key, value),
            _ => {}
        }
        self.add_tag(key, value);
    }

    /// Adds a tag without interpreting its key.
    #[inline(always)]
    pub(crate) fn add_tag(&mut self, key: Text<'_>, value: Value<'_>) {
        let Text::Static(key) = key else { return self.set_tag_copied(key.as_str(), value) };
        match value {
            Value::Bool(v) => self.push_number(key, Number::Bool, v.into()),
            Value::I64(v) => self.push_number(key, Number::I64, v as u64),
            Value::U64(v) => self.push_number(key, Number::U64, v),
            Value::F64(v) => self.push_number(key, Number::F64, v.to_bits()),
            Value::Static(v) => self.push_static(key, v),
            Value::Str(v) => self.push_text(key, v),
            Value::Url(_) | Value::Message(_) => self.push_beyond(key, value),
        }
    }

    #[inline(never)]
    fn push_number(&mut self, key: &'static str, number: Number, bits: u64) {
        if self.has_room_inline() {
            self.tags.push(Tag { key: Piece::Static(key), value: Stored::Number(number, bits) });
        } else {
            self.push_number_beyond(key, number, bits);
        }
    }

    #[inline(never)]
    fn push_static(&mut self, key: &'static str, value: &'static str) {
        if self.has_room_inline() {
            self.tags.push(Tag { key: Piece::Static(key), value: Stored::Text(Piece::Static(value)) });
        } else {
            self.push_beyond(key, Value::Static(value));
        }
    }

    #[inline(never)]
    fn push_text(&mut self, key: &'static str, value: &str) {
        if self.has_room_inline() {
            let value = Stored::Text(self.copy(value));
            self.tags.push(Tag { key: Piece::Static(key), value });
        } else {
            self.push_beyond(key, Value::Str(value));
        }
    }

    #[cold]
    #[inline(never)]
    fn push_number_beyond(&mut self, key: &'static str, number: Number, bits: u64) {
        self.push_beyond(key, Stored::Number(number, bits).resolve(""));
    }

    /// The slow path: the tag needs further memory, or exceeds the limit.
    #[cold]
    #[inline(never)]
    fn push_beyond(&mut self, key: &'static str, value: Value<'_>) {
        if self.has_room(key) {
            let value = self.keep(value);
            self.tags.push(Tag { key: Piece::Static(key), value });
        }
    }

    #[cold]
    fn set_tag_copied(&mut self, key: &str, value: Value<'_>) {
        if self.has_room(key) {
            let key = self.copy(key);
            let value = self.keep(value);
            self.tags.push(Tag { key, value });
        }
    }

    /// The kind is kept in the context, where samplers and a late start of recording read it. Unknown kinds stay a tag.
    #[cold]
    fn set_kind(&mut self, key: Text<'_>, value: Value<'_>) {
        match value.as_text().and_then(SpanKind::from_tag) {
            Some(kind) => self.context.meta = self.context.meta.with_kind(kind),
            None => self.set_tag_copied(key.as_str(), value),
        }
    }

    #[inline(always)]
    fn has_room_inline(&mut self) -> bool {
        self.used |= TAGS;
        self.tags.has_room_inline(self.max_tags)
    }

    fn has_room(&mut self, key: &str) -> bool {
        self.used |= TAGS;
        self.tags.len() < usize::from(self.max_tags) || self.make_room(key)
    }

    /// Makes room at the limit by removing a superseded tag: first one with this key, then any other. Below the limit, superseded tags stay,
    /// and readers use the last one of a key.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, key: &str) -> bool {
        let made =
            self.tags.remove(key, &self.text) || (self.used & NO_REPEATS == 0 && self.tags.remove_repeated(&self.text));
        if !made {
            self.used |= NO_REPEATS | OTHER_PARTS;
            self.truncated += 1;
            self.dropped.tags = self.dropped.tags.saturating_add(1);
        } else if self.text.len() > MAX_TEXT / 2 {
            self.compact_text();
        }
        made
    }

    /// Removes text that is no longer referenced, if it is more than half of the buffer.
    #[cold]
    fn compact_text(&mut self) {
        let entries = self.tags.iter_mut().chain(&mut self.fields);
        let pieces = entries.flat_map(|tag| [Some(&mut tag.key), tag.value.piece_mut()]).flatten();
        let mut pieces: Vec<&mut Piece> = pieces.chain([&mut self.name]).collect();
        if 2 * pieces.iter().map(|piece| piece.resolve(&self.text).len()).sum::<usize>() <= self.text.len() {
            let old = std::mem::take(&mut self.text);
            for piece in &mut pieces {
                if let Piece::Range { .. } = piece {
                    **piece = append(&mut self.text, piece.resolve(&old));
                }
            }
        }
    }

    #[inline]
    pub(crate) fn log<'k>(&mut self, at: Stamp, fields: &[(impl Into<Text<'k>> + Copy, Value<'_>)]) {
        if self.logs.len() >= usize::from(self.max_logs) {
            return self.drop_log();
        }
        let (fields, beyond) = fields.split_at(fields.len().min(self.max_log_fields.into()));
        self.used |= OTHER_PARTS;
        self.count_truncated(beyond.len());
        self.logs.push(Log { at, first_field: self.fields.len() as u32 });
        for &(key, value) in fields {
            let value = self.keep(value);
            let key = match key.into() {
                Text::Static(key) => Piece::Static(key),
                Text::Copied(key) => self.copy_name(key),
            };
            self.fields.push(Tag { key, value });
        }
    }

    #[cold]
    fn drop_log(&mut self) {
        self.used |= OTHER_PARTS;
        self.truncated += 1;
        self.dropped.logs = self.dropped.logs.saturating_add(1);
    }

    pub(crate) fn add_reference(&mut self, reference: Reference) {
        self.used |= OTHER_PARTS;
        self.references.push(reference);
    }

    pub(crate) fn max_references(&self) -> usize {
        self.max_references.into()
    }

    pub(crate) fn drop_references(&mut self, count: usize) {
        self.used |= OTHER_PARTS;
        self.count_truncated(count);
        self.dropped.references = self.dropped.references.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(crate) fn count_truncated(&mut self, more: usize) {
        self.truncated = self.truncated.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    }

    pub(crate) fn set_start(&mut self, at: Stamp) {
        match at {
            Stamp::Ticks(at) => self.start = at,
            Stamp::Wall(unix_ns) => self.set_start_wall(unix_ns),
        }
    }

    /// The start by the counter. If the counter has been reset since, the start is lost, and the end is returned.
    #[inline]
    pub(crate) fn began(&self) -> Ticks {
        if self.has_end_wall() { self.start } else { self.start.min(self.end) }
    }

    pub(crate) fn set_start_wall(&mut self, unix_ns: u64) {
        self.used |= START_WALL;
        self.start_wall_ns = unix_ns;
    }

    pub(crate) fn set_end_wall(&mut self, unix_ns: u64) {
        self.used |= END_WALL;
        self.end_wall_ns = unix_ns;
    }

    pub(crate) fn has_start_wall(&self) -> bool {
        self.used & START_WALL != 0
    }

    pub(crate) fn has_end_wall(&self) -> bool {
        self.used & END_WALL != 0
    }

    pub(crate) fn set_log_wall(&mut self) {
        self.used |= LOG_WALL;
    }

    /// Whether a log has an explicit time.
    pub(crate) fn has_log_wall(&self) -> bool {
        self.used & LOG_WALL != 0
    }

    pub(crate) fn set_own_clock(&mut self) {
        self.used |= OWN_CLOCK;
    }

    #[inline]
    pub(crate) fn has_own_clock(&self) -> bool {
        self.used & OWN_CLOCK != 0
    }

    pub(crate) fn set_peer_service_derived(&mut self) {
        self.marks |= PEER_SERVICE_DERIVED;
    }

    pub(crate) fn is_peer_service_derived(&self) -> bool {
        self.marks & PEER_SERVICE_DERIVED != 0
    }

    pub(crate) fn mark_listed(&mut self) {
        self.marks |= LISTED;
    }

    #[inline]
    pub(crate) fn is_listed(&self) -> bool {
        self.marks & LISTED != 0
    }

    /// Notes that the span's future is pending. Returns whether this is the first time.
    #[inline]
    pub(crate) fn begins_to_wait(&mut self) -> bool {
        let first = self.marks & WAITED == 0;
        self.marks |= WAITED;
        first
    }

    pub(crate) fn owned_name(&self) -> Cow<'static, str> {
        match self.name {
            Piece::Static(name) => Cow::Borrowed(name),
            name @ Piece::Range { .. } => Cow::Owned(name.resolve(&self.text).to_owned()),
        }
    }

    pub(crate) fn is_local_root(&self) -> bool {
        self.context.meta.has(Meta::LOCAL_ROOT)
    }

    /// Whether the record can be reported as it is: it has no tags, text or explicit end, and nothing was truncated.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.used & (TAGS | OTHER_PARTS | END_WALL) == 0 && self.truncated == 0 && self.marks & LISTED == 0
    }

    /// Redacts secrets in tags and logs. Runs on the draining thread. Allocates only if there is one.
    pub(crate) fn redact(&mut self, redactor: &mut Redactor) {
        let (text, limit) = (&mut self.text, self.max_value as usize);
        for tag in self.tags.iter_mut().chain(&mut self.fields) {
            let key = tag.key.resolve(text);
            let treatment = match tag.key {
                Piece::Static(key) => redactor.known_treatment(key),
                Piece::Range { .. } => redactor.treatment(key),
            };
            let (piece, treatment) = match tag.value {
                Stored::Text(piece) => (piece, treatment),
                Stored::Url(piece) if treatment != Treatment::Secret => (piece, Treatment::Url),
                Stored::Url(piece) | Stored::Message(piece) => (piece, treatment),
                Stored::Number(Number::I64 | Number::U64, _)
                    if treatment == Treatment::Secret && redactor.is_secret_number(key) =>
                {
                    tag.value = Stored::Text(Piece::Static(REDACTED));
                    continue;
                }
                Stored::Number(..) => continue,
            };
            let value = piece.resolve(text);
            // A value is truncated at a character boundary, up to three bytes before the limit.
            let redacted = redactor.redact(treatment, value, value.len() + 3 >= limit);
            // A borrowed result may be shorter than the value, as for a URL without its fragment.
            let redacted = (*redacted != *value).then(|| redacted.into_owned());
            tag.value = Stored::Text(redacted.map_or(piece, |redacted| append(text, &redacted)));
        }
    }

    #[inline]
    fn keep(&mut self, value: Value<'_>) -> Stored {
        match value {
            Value::Bool(v) => Stored::Number(Number::Bool, v.into()),
            Value::I64(v) => Stored::Number(Number::I64, v as u64),
            Value::U64(v) => Stored::Number(Number::U64, v),
            Value::F64(v) => Stored::Number(Number::F64, v.to_bits()),
            Value::Static(text) => Stored::Text(Piece::Static(text)),
            Value::Str(text) => Stored::Text(self.copy(text)),
            Value::Url(pieces) => self.keep_url(pieces),
            Value::Message(text) => Stored::Message(self.copy(text)),
        }
    }

    fn keep_url(&mut self, pieces: &[&str]) -> Stored {
        self.used |= OTHER_PARTS;
        let at = self.text.len();
        for piece in pieces {
            let room = (self.max_value as usize).saturating_sub(self.text.len() - at);
            let kept = self.within(room, piece);
            self.text.push_str(kept);
            if kept.len() < piece.len() {
                self.truncated += 1;
                break;
            }
        }
        Stored::Url(Piece::Range { at: at as u32, len: (self.text.len() - at) as u32 })
    }

    #[inline]
    fn copy(&mut self, text: &str) -> Piece {
        self.used |= OTHER_PARTS;
        if text.len() > self.max_value as usize || self.text.len() > MAX_TEXT {
            self.truncated += 1;
            let text = self.within(self.max_value as usize, text);
            return append(&mut self.text, text);
        }
        append(&mut self.text, text)
    }

    /// The part of the text that fits, up to a character boundary.
    fn within<'s>(&self, room: usize, text: &'s str) -> &'s str {
        let room = if self.text.len() > MAX_TEXT { 0 } else { room };
        let mut end = room.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        &text[..end]
    }
}

#[inline]
fn append(text: &mut String, piece: &str) -> Piece {
    let at = text.len() as u32;
    text.push_str(piece);
    Piece::Range { at, len: piece.len() as u32 }
}

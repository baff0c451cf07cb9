//! The record of one span. Its owner writes it in place, the draining thread reads it, and then it is reused with its capacity.

use std::borrow::Cow;

use crate::clock::ticks::Ticks;
use crate::model::context::{Meta, Reference, ReferenceKind, SpanContext};
use crate::model::limits::Limits;
use crate::record::tag_store::{Number, Piece, Stored, Tag, TagStore, append};
use crate::redaction::REDACTED;
use crate::redaction::keys::{Redactor, Treatment};

/// Aligned to cache lines, because neighbours in memory belong to different threads. The order of the fields lets a plain span touch only
/// two lines: moving a line between processors costs more than all writes to it.
#[repr(C, align(64))]
pub(crate) struct Record {
    pub(crate) context: SpanContext,
    /// Which parts beyond the first two lines are in use.
    pub(super) used: u8,
    pub(crate) failed: bool,
    pub(crate) started_panicking: bool,
    /// Further flags. They are not in `used`, since they must not put a span on the slow path of the drain.
    pub(super) marks: u8,
    /// The number of tags, logs and values that were dropped or truncated.
    pub(crate) truncated: u32,
    pub(crate) start: Ticks,
    // second line
    pub(crate) end: Ticks,
    pub(crate) name: Piece,
    pub(crate) text: String,
    pub(super) max_tags: u16,
    pub(super) max_logs: u16,
    pub(super) max_value: u32,
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
    pub(super) max_references: u16,
    pub(super) max_log_fields: u16,
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

pub(super) const TAGS: u8 = 1;
pub(super) const OTHER_PARTS: u8 = 2;
const START_WALL: u8 = 4;
const END_WALL: u8 = 8;
/// The tracer has its own clock or counter.
const OWN_CLOCK: u8 = 32;
/// The number of tags is at the limit, and no two have the same key.
pub(super) const NO_REPEATS: u8 = 64;
const LOG_WALL: u8 = 128;

const PEER_SERVICE_DERIVED: u8 = 1;
/// The span is in the list of open spans.
const LISTED: u8 = 2;
/// The span's future has been pending at least once.
const WAITED: u8 = 4;
/// The span stands for nothing: it is neither reported nor counted in the RED figures.
const DISCARDED: u8 = 8;

/// The capacity that a free record may keep.
const KEEP_TEXT: usize = 4096;
const KEEP_TAGS: usize = 128;
const KEEP_REFERENCES: usize = 16;
/// The maximum size of all text of a span together.
pub(super) const MAX_TEXT: usize = 1 << 20;

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

    pub(crate) fn mark_discarded(&mut self) {
        self.marks |= DISCARDED;
    }

    pub(crate) fn is_discarded(&self) -> bool {
        self.marks & DISCARDED != 0
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

    pub(crate) fn add_reference(&mut self, reference: Reference) {
        self.used |= OTHER_PARTS;
        self.references.push(reference);
    }

    /// Adds a reference to a started span. One without references so far has an implied one to its parent, which must stay the first.
    pub(crate) fn add_late_reference(&mut self, reference: Reference) {
        if self.references.is_empty()
            && let Some(parent) = self.parent_reference()
        {
            self.add_reference(parent);
        }
        if self.references.len() < self.max_references() {
            self.add_reference(reference);
        } else {
            self.drop_references(1);
        }
    }

    /// The reference to the parent of a span that was started without explicit references.
    pub(crate) fn parent_reference(&self) -> Option<Reference> {
        let context = &self.context;
        context.parent_id().map(|id| Reference {
            kind: ReferenceKind::ChildOf,
            context: SpanContext::new(context.trace_id(), id).with_sampling(context.sampling()),
        })
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

    /// Converts the times of logs, which then no longer depend on the counter.
    #[cold]
    pub(crate) fn fix_logs(&mut self, unix_ns: impl Fn(Ticks) -> u64) {
        for log in &mut self.logs {
            if let Stamp::Ticks(at) = log.at {
                log.at = Stamp::Wall(unix_ns(at));
            }
        }
    }

    /// The memory of the record and of what it owns, in bytes.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        let tags = (self.tags.capacity() + self.fields.capacity()) * size_of::<Tag>();
        let logs = self.logs.capacity() * size_of::<Log>();
        let references = self.references.capacity() * size_of::<Reference>();
        size_of::<Record>() + self.text.capacity() + tags + logs + references
    }

    /// Moves logs that are later than the moment to it.
    #[cfg(feature = "http")]
    pub(crate) fn limit_logs(&mut self, moment: Stamp) {
        for log in &mut self.logs {
            let is_later = match (log.at, moment) {
                (Stamp::Ticks(at), Stamp::Ticks(moment)) => at > moment,
                (Stamp::Wall(at), Stamp::Wall(moment)) => at > moment,
                _ => false,
            };
            if is_later {
                log.at = moment;
            }
        }
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
}

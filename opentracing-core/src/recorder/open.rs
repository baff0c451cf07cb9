//! The list of open spans.
//!
//! Only its span can access a record, so open spans cannot be found through their records. A span is listed when it does something that
//! is slow anyway: see `RATIONALE.md`, "How open spans are found". The drain removes it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use crate::clock::ticks::Ticks;
use crate::clock::wall::unix_ns;
use crate::model::context::SpanContext;
use crate::model::tags;
use crate::model::value::Text;
use crate::record::record::Record;
use crate::recorder::recorder::Recorder;
use crate::stats::open_span::{OpenPlace, OpenSpan};
use crate::sync::lock;

/// Open spans by span id, in several maps to keep lock contention low.
pub(crate) struct OpenSpans {
    parts: [Mutex<Part>; PARTS],
}

type Part = HashMap<u64, Listed, BuildHasherDefault<SpanIdHasher>>;

const PARTS: usize = 16;

/// The number of spans for which a map has room from its first span on.
const PART_CAPACITY: usize = 7;

/// The room that an empty map keeps after a peak.
const MAX_KEPT_CAPACITY: usize = 448;

/// The age from which a span is shown.
const SHOWN_AGE: Duration = Duration::from_secs(1);

struct Listed {
    name: Cow<'static, str>,
    context: SpanContext,
    start: Start,
    place: OpenPlace,
}

enum Start {
    /// The start by the tracer's own clock, in nanoseconds.
    Wall(u64),
    /// The start by the processor's counter.
    Ticks(Ticks),
    /// The age of the span at a moment, for a tracer with a counter of its own.
    Age(Duration, Instant),
}

/// A span that is still open when the tracer is closed.
pub(crate) struct Unfinished {
    pub(crate) name: Cow<'static, str>,
    pub(crate) context: SpanContext,
    pub(crate) start_unix_ns: u64,
    pub(crate) end_unix_ns: u64,
}

thread_local! {
    static THREAD: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// The name of this thread, or a substitute.
fn thread_name() -> Arc<str> {
    let named = THREAD.try_with(|name| {
        let mut name = name.try_borrow_mut().ok()?;
        Some(name.get_or_insert_with(|| std::thread::current().name().unwrap_or("without a name").into()).clone())
    });
    named.ok().flatten().unwrap_or_else(|| "that ends".into())
}

#[derive(Clone, Copy)]
pub(crate) enum Seen {
    Started,
    Pending,
    Shared,
}

/// With room for the usual number of listed spans, so that no map grows while spans come and go.
impl Default for OpenSpans {
    fn default() -> Self {
        OpenSpans { parts: std::array::from_fn(|_| Mutex::new(empty())) }
    }
}

fn empty() -> Part {
    Part::with_capacity_and_hasher(PART_CAPACITY, BuildHasherDefault::default())
}

/// Span ids are random already; those of a test's generator are spread by a multiplication.
#[derive(Default)]
struct SpanIdHasher(u64);

impl Hasher for SpanIdHasher {
    #[inline]
    fn write_u64(&mut self, id: u64) {
        let spread = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ spread >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(self.0 ^ u64::from(byte)));
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

impl OpenSpans {
    fn part(&self, span_id: u64) -> &Mutex<Part> {
        &self.parts[(span_id ^ span_id >> 8) as usize % PARTS]
    }

    /// Lists a span, or updates the place of a span that is already listed.
    #[cold]
    pub(crate) fn list(&self, record: &mut Record, recorder: &Recorder, seen: Seen) {
        record.mark_listed();
        let start = if recorder.has_wall_clock() && record.has_start_wall() {
            Start::Wall(record.start_wall_ns)
        } else if !record.has_start_wall() && !record.has_own_clock() {
            Start::Ticks(record.start)
        } else {
            Start::Age(record.elapsed().unwrap_or_default(), Instant::now())
        };
        let thread = thread_name();
        let place = match seen {
            Seen::Started => OpenPlace::Thread(thread),
            Seen::Pending => OpenPlace::Future(thread),
            Seen::Shared => OpenPlace::Handle(thread),
        };
        let context = SpanContext { extra: None, ..record.context.clone() };
        let listed = Listed { name: record.owned_name(), context, start, place };
        let id = record.context.span_id.get();
        // In a forked child, a thread of the parent may have held the lock at the time of the fork.
        if !recorder.is_orphan() {
            lock(self.part(id)).insert(id, listed);
        }
    }

    /// Updates the name and the sampling decision of a listed span.
    #[cold]
    pub(crate) fn update(&self, record: &Record) {
        let id = record.context.span_id.get();
        if let Some(listed) = lock(self.part(id)).get_mut(&id) {
            listed.name = record.owned_name();
            listed.context.meta = record.context.meta;
        }
    }

    /// Removes a span that has finished.
    #[cold]
    pub(crate) fn remove(&self, record: &Record) {
        let id = record.context.span_id.get();
        let mut part = lock(self.part(id));
        part.remove(&id);
        if part.is_empty() && part.capacity() > MAX_KEPT_CAPACITY {
            *part = empty();
        }
    }

    /// Returns at most `most` spans that have been open for a second, oldest first, and the number of all of them.
    pub(crate) fn oldest(&self, most: usize, recorder: &Recorder) -> (Vec<OpenSpan>, usize) {
        let own_now = recorder.own_unix_ns();
        let now = Instant::now();
        let mut open = Vec::new();
        for part in &self.parts {
            let part = if recorder.is_orphan() { part.try_lock().ok() } else { Some(lock(part)) };
            for listed in part.iter().flat_map(|part| part.values()) {
                let age = listed.start.age(now, own_now);
                if age >= SHOWN_AGE {
                    open.push(OpenSpan {
                        operation_name: listed.name.clone(),
                        context: listed.context.clone(),
                        age,
                        place: listed.place.clone(),
                    });
                }
            }
        }
        open.sort_by_key(|span| std::cmp::Reverse(span.age));
        let all = open.len();
        open.truncate(most);
        (open, all)
    }

    /// Empties the list and returns the spans that are kept.
    pub(crate) fn take_unfinished(
        &self,
        recorder: &Recorder,
        is_kept: impl Fn(&SpanContext) -> bool,
    ) -> Vec<Unfinished> {
        let own_now = recorder.own_unix_ns();
        let (now, wall_now) = (Instant::now(), unix_ns(SystemTime::now()));
        let mut unfinished: Vec<_> = self
            .parts
            .iter()
            .flat_map(|part| std::mem::take(&mut *lock(part)).into_values())
            .filter(|listed| is_kept(&listed.context))
            .map(|listed| {
                let age = u64::try_from(listed.start.age(now, own_now).as_nanos()).unwrap_or(u64::MAX);
                let end_unix_ns = own_now.unwrap_or(wall_now);
                let start_unix_ns = end_unix_ns.saturating_sub(age);
                Unfinished { name: listed.name, context: listed.context, start_unix_ns, end_unix_ns }
            })
            .collect();
        unfinished.sort_by_key(|span| span.start_unix_ns);
        unfinished
    }
}

impl Start {
    fn age(&self, now: Instant, own_now: Option<u64>) -> Duration {
        match self {
            Start::Wall(start) => Duration::from_nanos(own_now.unwrap_or(*start).saturating_sub(*start)),
            Start::Ticks(start) => start.elapsed(),
            Start::Age(age, at) => *age + now.saturating_duration_since(*at),
        }
    }
}

impl Unfinished {
    /// Makes a record of what is known of the span, which ends now.
    pub(crate) fn into_record(self, recorder: &Recorder) -> Box<Record> {
        let mut record = Record::new(&recorder.limits);
        record.context = self.context;
        record.set_name(match &self.name {
            Cow::Borrowed(name) => Text::Static(name),
            Cow::Owned(name) => Text::Copied(name),
        });
        record.set_start_wall(self.start_unix_ns);
        record.set_end_wall(self.end_unix_ns);
        record.set_tag(tags::UNFINISHED.into(), true.into());
        record
    }
}

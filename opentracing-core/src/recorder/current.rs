//! The message that each task or thread handles, as the parent of spans that start without one.
//!
//! Brokers' clients return messages to a loop instead of calling a handler, so no scope can be entered. A message is therefore noted for the
//! task or thread that received it, until it is dropped. If the same task or thread waits for another message meanwhile, it handles several
//! at once, and none of them is a parent until all are dropped.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::model::context::SpanContext;
use crate::sync::lock;

/// The number of places with a message. Read by every span that starts without a parent.
static PLACES: AtomicUsize = AtomicUsize::new(0);
static NOTES: Mutex<BTreeMap<Place, Note>> = Mutex::new(BTreeMap::new());
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(1);

/// A task of Tokio, or a thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    Task(u64),
    Thread(u64),
}

struct Note {
    /// The messages of this place that are alive.
    alive: usize,
    /// The message that was noted first, and whether it became a parent.
    serial: u64,
    was_parent: bool,
    /// `None` while several messages are alive.
    context: Option<SpanContext>,
}

impl Place {
    /// The current task; outside of tasks the thread.
    pub(crate) fn here() -> Place {
        thread_local! {
            static THREAD: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        static NEXT: AtomicU64 = AtomicU64::new(1);
        match tokio::task::try_id() {
            Some(id) => {
                let mut number = IdHasher(0);
                id.hash(&mut number);
                Place::Task(number.0)
            }
            // The thread-locals may be gone while a thread ends; no place has the number 0.
            None => Place::Thread(THREAD.try_with(|number| *number).unwrap_or(0)),
        }
    }

    /// As `here`, but `None` outside of Tokio, where several tasks may share the thread without being told apart.
    pub(crate) fn of_future() -> Option<Place> {
        tokio::runtime::Handle::try_current().is_ok().then(Place::here)
    }
}

/// Notes a message for this place.
pub(crate) fn enter(place: Place, context: SpanContext) -> u64 {
    let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut notes = lock(&NOTES);
    let is_new = !notes.contains_key(&place);
    let note = notes.entry(place).or_insert(Note { alive: 0, serial, was_parent: false, context: Some(context) });
    note.alive += 1;
    if note.alive > 1 {
        note.context = None;
    }
    if is_new {
        PLACES.fetch_add(1, Ordering::Relaxed);
    }
    serial
}

/// Notes that this place waits for another message. Several messages at once have no order that could be known.
pub(crate) fn receive(place: Place) {
    if let Some(note) = lock(&NOTES).get_mut(&place) {
        note.context = None;
    }
}

/// Whether a span had this message as the parent.
pub(crate) fn is_parent(place: Place, serial: u64) -> bool {
    lock(&NOTES).get(&place).is_some_and(|note| note.serial == serial && note.was_parent)
}

/// Forgets a message. Returns whether a span had it as the parent.
pub(crate) fn leave(place: Place, serial: u64) -> bool {
    let mut notes = lock(&NOTES);
    let Some(note) = notes.get_mut(&place) else { return false };
    let was_parent = note.serial == serial && note.was_parent;
    note.alive -= 1;
    if note.alive == 0 {
        notes.remove(&place);
        PLACES.fetch_sub(1, Ordering::Relaxed);
    }
    was_parent
}

/// Whether any message is noted.
#[inline(always)]
pub(crate) fn is_in_use() -> bool {
    PLACES.load(Ordering::Relaxed) > 0
}

/// The context of the message that this task or thread handles for a tracer. It becomes a parent.
#[cold]
#[inline(never)]
pub(crate) fn parent(tracer: u32) -> Option<SpanContext> {
    let mut notes = lock(&NOTES);
    let note = notes.get_mut(&Place::here())?;
    let context = note.context.as_ref().filter(|context| context.meta.tracer() == tracer)?.clone();
    note.was_parent = true;
    Some(context)
}

/// Reads the number of a task's id, which has no method for that.
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

//! The time when the broker answered.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::time::SystemTime;

use opentracing_core::Tracer;

use crate::publish::unconfirmed::{self, Unconfirmed};

/// The waker of a confirm. It notes the time of the broker's answer, so that the span of the message ends then, no matter when the program
/// looks at the confirm.
pub(crate) struct Answer {
    tracer: Tracer,
    at: OnceLock<SystemTime>,
    reader: Mutex<Reader>,
}

/// Who reads the confirm.
#[derive(Default)]
enum Reader {
    #[default]
    Nobody,
    Program(Waker),
    /// The program dropped the confirm, and this entry of the table has it.
    Table(Weak<Unconfirmed>, u64),
}

impl Answer {
    /// Reads the time from the clock of the tracer.
    pub(crate) fn new(tracer: Tracer) -> Arc<Self> {
        Arc::new(Answer { tracer, at: OnceLock::new(), reader: Mutex::default() })
    }

    /// When the broker answered; `None` if it has not, or if it answered before this waker was registered.
    pub(crate) fn at(&self) -> Option<SystemTime> {
        self.at.get().copied()
    }

    /// Notes that the broker has answered.
    pub(crate) fn note(&self) {
        let _ = self.at.set(self.tracer.now());
    }

    /// Wakes the program when the broker answers.
    pub(crate) fn wake_program(&self, waker: &Waker) {
        let mut reader = self.reader();
        match &*reader {
            Reader::Program(present) if present.will_wake(waker) => {}
            _ => *reader = Reader::Program(waker.clone()),
        }
    }

    /// Has the table's entry looked at when the broker answers. Returns whether the broker has answered already.
    pub(crate) fn wake_table(&self, table: Weak<Unconfirmed>, key: u64) -> bool {
        *self.reader() = Reader::Table(table, key);
        self.at().is_some()
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Answer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// lapin calls this with its locks held. The confirm cannot be polled here.
    fn wake_by_ref(self: &Arc<Self>) {
        self.note();
        // Taken first: a program that is woken may drop the confirm, which locks again.
        let reader = std::mem::take(&mut *self.reader());
        match reader {
            Reader::Nobody => {}
            Reader::Program(waker) => waker.wake(),
            Reader::Table(table, key) => unconfirmed::look_later(table, key),
        }
    }
}

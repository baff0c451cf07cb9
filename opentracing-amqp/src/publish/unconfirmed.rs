//! The messages whose confirms the program dropped.

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::thread;

use lapin::PublisherConfirm;
use lapin::message::BasicReturnMessage;

use crate::publish::answer::Answer;
use crate::publish::confirm::poll_answer;
use crate::publish::publish::Publish;

/// The messages of a channel whose confirms the program dropped before the broker answered. Their spans finish with the answer.
///
/// lapin keeps such confirms, too, for `wait_for_confirms`, but does not show what became of each message. So they are kept here, and
/// the traced `wait_for_confirms` adds the messages that were returned.
#[derive(Default)]
pub(crate) struct Unconfirmed(Mutex<Table>);

#[derive(Default)]
struct Table {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    returned: Vec<BasicReturnMessage>,
}

/// A message that waits for its answer.
pub(crate) struct Waiting {
    pub(crate) publish: Publish,
    pub(crate) confirm: PublisherConfirm,
    pub(crate) answer: Arc<Answer>,
}

impl Unconfirmed {
    /// Adds a message. Its span finishes when the broker answers, or when the last handle of the channel is dropped.
    pub(crate) fn add(self: &Arc<Self>, waiting: Waiting) {
        let answer = waiting.answer.clone();
        let mut table = self.lock();
        let key = table.next;
        table.next += 1;
        table.waiting.insert(key, waiting);
        if answer.wake_table(Arc::downgrade(self), key) {
            table.look(key);
        }
    }

    /// Adds a returned message whose confirm the program dropped.
    pub(crate) fn add_returned(&self, message: BasicReturnMessage) {
        self.lock().returned.push(message);
    }

    /// Finishes the spans of the messages that the broker has answered, and returns the messages that it returned.
    pub(crate) fn take_returned(&self) -> Vec<BasicReturnMessage> {
        let mut table = self.lock();
        table.look_at_all();
        std::mem::take(&mut table.returned)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn look_at_all(&mut self) {
        let keys: Vec<_> = self.waiting.keys().copied().collect();
        keys.into_iter().for_each(|key| self.look(key));
    }

    fn look(&mut self, key: u64) {
        let Some(Waiting { publish, mut confirm, answer }) = self.waiting.remove(&key) else { return };
        let waker = Waker::from(answer.clone());
        match poll_answer(&mut confirm, &mut Context::from_waker(&waker)) {
            Poll::Ready(result) => {
                publish.answered(&result, answer.at());
                self.returned.extend(result.ok().and_then(lapin::Confirmation::take_message));
            }
            Poll::Pending => {
                self.waiting.insert(key, Waiting { publish, confirm, answer });
            }
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.look_at_all();
        }
    }
}

/// Looks at an entry of the table on a thread of its own, because the thread that learns of an answer holds lapin's locks.
///
/// If the thread cannot be started, the entry is looked at when the program calls `wait_for_confirms` or drops the channel.
pub(crate) fn look_later(table: Weak<Unconfirmed>, key: u64) {
    static LOOKER: OnceLock<Option<Sender<Entry>>> = OnceLock::new();
    let looker = LOOKER.get_or_init(|| {
        let (sender, entries) = channel::<Entry>();
        let look = move || {
            for (table, key) in entries {
                if let Some(table) = table.upgrade() {
                    table.lock().look(key);
                }
            }
        };
        let thread = thread::Builder::new().name("opentracing-amqp".to_owned()).stack_size(STACK_BYTES).spawn(look);
        thread.ok().map(|_| sender)
    });
    if let Some(looker) = looker {
        let _ = looker.send((table, key));
    }
}

/// A table, and the key of a message in it.
type Entry = (Weak<Unconfirmed>, u64);

/// Enough for the decorators that run on the thread.
const STACK_BYTES: usize = 512 * 1024;

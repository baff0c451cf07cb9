//! The unsettled deliveries of a channel.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapin::Acker;
use lapin::types::DeliveryTag;

use crate::delivery::spans::Spans;

/// The spans of unsettled deliveries by delivery tag. Settling with `multiple` names only the last delivery; this table finds the others.
///
/// There is one table per channel, because delivery tags are counted per channel. Tags start again when the channel recovers from a lost
/// connection; the table then forgets its earlier entries.
#[derive(Clone, Default)]
pub(crate) struct OpenDeliveries(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    session: Session,
    /// An acker of this session. It is poisoned when the connection is lost.
    acker: Option<Acker>,
    spans: BTreeMap<DeliveryTag, Arc<Spans>>,
}

/// Counts how often the channel recovered. A delivery can only be settled in the session in which it was received.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Session(u64);

impl OpenDeliveries {
    /// The session of a delivery that was received. `None` if it is from an earlier session: the connection was lost while the delivery waited in
    /// the consumer's buffer. The first delivery of a session ends the one before, whose deliveries will come again.
    pub(crate) fn session_of(&self, acker: &Acker) -> Option<Session> {
        if acker.poisoned() {
            return None;
        }
        let mut table = self.lock();
        if table.acker.as_ref().is_none_or(Acker::poisoned) {
            table.session.0 += 1;
            table.acker = Some(acker.clone());
            std::mem::take(&mut table.spans).into_values().for_each(|spans| spans.expect_again());
        }
        Some(table.session)
    }

    /// Adds a delivery of this session.
    pub(crate) fn add(&self, tag: DeliveryTag, session: Session, spans: Arc<Spans>) {
        let mut table = self.lock();
        if table.session == session {
            table.spans.insert(tag, spans);
        }
    }

    /// The current session of the channel.
    pub(crate) fn session(&self) -> Session {
        self.lock().session
    }

    /// Replaces the span of a delivery. Returns whether the delivery is unsettled.
    pub(crate) fn replace(&self, tag: DeliveryTag, session: Session, spans: &Arc<Spans>) -> bool {
        let mut table = self.lock();
        if table.session != session {
            return true;
        }
        table.spans.get_mut(&tag).map(|present| *present = spans.clone()).is_some()
    }

    /// Removes a delivery. Returns whether the caller has to finish its span: `false` if the delivery was removed before. A delivery of
    /// an earlier session is no longer in the table, so its span is always the caller's to finish.
    pub(crate) fn take(&self, tag: DeliveryTag, session: Session) -> bool {
        let mut table = self.lock();
        table.session != session || table.spans.remove(&tag).is_some()
    }

    /// Removes the deliveries that are settled by this tag, and returns their spans in the order of delivery. With `multiple`, tag 0
    /// stands for all deliveries.
    pub(crate) fn take_up_to(&self, tag: DeliveryTag, session: Session, multiple: bool) -> Vec<Arc<Spans>> {
        let mut table = self.lock();
        if table.session != session {
            return Vec::new();
        }
        match (multiple, tag) {
            (false, _) => table.spans.remove(&tag).into_iter().collect(),
            (true, 0 | DeliveryTag::MAX) => std::mem::take(&mut table.spans).into_values().collect(),
            (true, _) => {
                let later = table.spans.split_off(&(tag + 1));
                std::mem::replace(&mut table.spans, later).into_values().collect()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for OpenDeliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenDeliveries").finish_non_exhaustive()
    }
}

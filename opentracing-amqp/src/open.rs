//! The deliveries of a channel that are not settled yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapin::Acker;
use lapin::types::DeliveryTag;
use opentracing_core::SpanRef;

/// Settling several deliveries at once names the last one: the table finds the others. One a channel, as delivery tags are counted by
/// channel; they begin anew when it recovers from a lost connection, and what was open before is forgotten then.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenDeliveries(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    life: Life,
    /// Of any delivery of this life: it tells whether the channel still has it.
    acker: Option<Acker>,
    spans: BTreeMap<DeliveryTag, SpanRef>,
}

/// A channel's time between two losses of its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Life(u64);

impl OpenDeliveries {
    /// Adds a delivery, and forgets those of an earlier life.
    pub(crate) fn add(&self, tag: DeliveryTag, acker: &Acker, span: SpanRef) -> Option<Life> {
        // It may have been waiting in the consumer while the connection was lost.
        if acker.poisoned() {
            return None;
        }
        let mut table = self.lock();
        if table.acker.as_ref().is_none_or(Acker::poisoned) {
            table.life.0 += 1;
            table.acker = Some(acker.clone());
            table.spans.clear();
        }
        table.spans.insert(tag, span);
        Some(table.life)
    }

    /// The life that the channel is in.
    pub(crate) fn life(&self) -> Life {
        self.lock().life
    }

    /// Takes a delivery out for who settles it. `false` if somebody else has. One of an earlier life is its owner's alone.
    pub(crate) fn take(&self, tag: DeliveryTag, life: Life) -> bool {
        let mut table = self.lock();
        table.life != life || table.spans.remove(&tag).is_some()
    }

    /// Takes out those that an answer to this tag settles, in the order of delivery. The tag 0 stands for all.
    pub(crate) fn take_up_to(&self, tag: DeliveryTag, life: Life, multiple: bool) -> Vec<SpanRef> {
        let mut table = self.lock();
        if table.life != life {
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

//! Earlier attempts to handle a message, by this process.
//!
//! The headers of a redelivered or dead-lettered message refer to its publisher only. So that the spans of all attempts are joined, the contexts
//! of attempts after which a message may come again are kept.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use foldhash::quality::FixedState;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use opentracing_core::message_rules::Attempts;
use opentracing_core::{SpanContext, SpanId, TraceId, Tracer};

use crate::headers::value::{integer, utf8};
use crate::outcome::DeliveryOutcome;
use crate::tags::message::MAX_DEATHS;

/// A message in a queue, as one tracer sees it.
///
/// The span that published a message does not identify it: a publisher that only passes a context on gives many messages the same one. A
/// delivery tag does not either, since a redelivery has another one. So the message counts too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct MessageKey {
    tracer: u32,
    queue: u64,
    message: u64,
    trace_id: TraceId,
    span_id: SpanId,
}

impl MessageKey {
    /// `None` for a message without a context, which cannot be told apart from others.
    pub(crate) fn new(
        tracer: &Tracer,
        queue: &str,
        delivery: &Delivery,
        producer: Option<&SpanContext>,
    ) -> Option<Self> {
        let producer = producer.filter(|producer| producer.is_valid())?;
        let (properties, body) = (&delivery.properties, &delivery.data);
        let id = properties.message_id().as_ref().map(ShortString::as_str);
        let correlation_id = properties.correlation_id().as_ref().map(ShortString::as_str);
        let start = &body[..body.len().min(MAX_HASHED_BYTES)];
        Some(MessageKey {
            tracer: tracer.id()?,
            queue: hash(queue),
            message: hash((id, correlation_id, properties.timestamp(), body.len(), start)),
            trace_id: producer.trace_id(),
            span_id: producer.span_id(),
        })
    }

    /// The same message in another queue.
    fn in_queue(self, queue: &str) -> Self {
        MessageKey { queue: hash(queue), ..self }
    }
}

/// Each delivery is hashed, and most keys are never looked up.
fn hash(value: impl Hash) -> u64 {
    FixedState::default().hash_one(value)
}

/// So much of a body tells messages apart. Long bodies would cost too much.
const MAX_HASHED_BYTES: usize = 256;

/// The attempts before this delivery: as many as this process remembers, or as the broker says if that is more.
pub(crate) fn attempts(delivery: &Delivery, key: Option<MessageKey>) -> Attempts {
    let headers = delivery.properties.headers().as_ref().map(FieldTable::inner);
    let deaths = headers.and_then(|headers| match headers.get("x-death")? {
        AMQPValue::FieldArray(deaths) => Some(deaths.as_slice()),
        _ => None,
    });
    let moved = headers.and_then(|headers| {
        let value = headers.get(ATTEMPTS)?;
        integer(value).or_else(|| utf8(value)?.parse().ok())
    });
    if !delivery.redelivered && deaths.is_none() && moved.is_none() {
        return Attempts::new();
    }
    let entries = || {
        deaths.unwrap_or_default().iter().take(MAX_DEATHS).filter_map(|entry| match entry {
            AMQPValue::FieldTable(entry) => Some(entry.inner()),
            _ => None,
        })
    };
    let queues = entries().filter_map(|entry| utf8(entry.get("queue")?));
    let known = key.and_then(|key| {
        let memory = memory();
        let keys = std::iter::once(key).chain(queues.map(|queue| key.in_queue(queue)));
        keys.filter_map(|key| memory.attempts.get(&key)).max_by_key(|attempts| attempts.number()).cloned()
    });
    // A consumer rejected the message as often; that it expired is no attempt. The count of a quorum queue starts anew in each queue.
    let rejected = entries()
        .filter(|entry| entry.get("reason").and_then(utf8).is_some_and(|reason| reason == "rejected"))
        .filter_map(|entry| integer(entry.get("count")?))
        .fold(0, i64::saturating_add);
    let delivered = headers.and_then(|headers| integer(headers.get("x-delivery-count")?)).unwrap_or(0);
    let counted = rejected.saturating_add(delivered).max(i64::from(delivery.redelivered)).max(moved.unwrap_or(0));
    let counted = u32::try_from(counted).unwrap_or(if counted < 0 { 0 } else { u32::MAX });
    match known {
        Some(known) => Attempts::after(known.number().max(counted), known.last().cloned()),
        None => Attempts::after(counted, None),
    }
}

/// The header with the number of attempts, in messages that a policy sent to a dead-letter destination.
pub(crate) const ATTEMPTS: &str = "x-attempts";

/// Remembers attempts, since the message may come again.
pub(crate) fn remember(key: MessageKey, attempts: Attempts) {
    let mut memory = memory();
    if memory.attempts.insert(key, attempts).is_none() {
        memory.order.push_back(key);
        if memory.order.len() > MAX_MESSAGES
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.attempts.remove(&oldest);
        }
    }
}

/// Remembers or forgets attempts after the delivery was settled in this way.
pub(crate) fn note(key: MessageKey, attempts: Attempts, settlement: DeliveryOutcome<'_>) {
    match settlement {
        DeliveryOutcome::Ack | DeliveryOutcome::NotRequired => {
            if attempts.number() > 1 {
                memory().forget(&key);
            }
        }
        _ => remember(key, attempts),
    }
}

#[derive(Default)]
struct Memory {
    attempts: HashMap<MessageKey, Attempts>,
    /// The keys, the oldest first.
    order: VecDeque<MessageKey>,
}

impl Memory {
    fn forget(&mut self, key: &MessageKey) {
        if self.attempts.remove(key).is_some() {
            self.order.retain(|other| other != key);
        }
    }
}

fn memory() -> MutexGuard<'static, Memory> {
    static MEMORY: LazyLock<Mutex<Memory>> = LazyLock::new(Mutex::default);
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The messages that are remembered.
const MAX_MESSAGES: usize = 4096;

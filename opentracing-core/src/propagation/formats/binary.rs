//! The binary carrier of the Jaeger clients.

use crate::model::baggage::BaggageItem;
use crate::model::context::{Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::vendor::jaeger::{flags, read_flags};
use crate::propagation::counters::{Counters, PropagatorStats};
use crate::propagation::error::{ExtractError, InjectError};
use crate::propagation::format::{Binary, Propagator};

const FIELD: &str = "binary";
/// The limit of the Go client. A carrier with more items is malformed.
const MAX_ITEMS: u32 = 180;

/// Jaeger's layout, all numbers big-endian: trace id in two halves, span id, parent id (8 bytes each), flags (1 byte), count of
/// baggage items (4 bytes), and for each the length (4 bytes) and bytes of key and value.
///
/// The layout cannot express an undecided context: a context with ids is sampled or not sampled. It has no room for `tracestate`, the state
/// of other vendors, or properties of baggage. Bytes after it in the carrier are ignored. Reading uses bounded memory for any input: 3 bytes
/// for each byte of baggage that may be read, plus 64 bytes for each item. That is 28 KiB by default.
#[derive(Clone, Debug)]
pub struct JaegerBinary {
    max_baggage_items: usize,
    max_baggage_bytes: usize,
    counters: Counters,
}

impl JaegerBinary {
    /// Creates a propagator with the limits of W3C Baggage: 64 items and 8,192 bytes.
    pub const fn new() -> Self {
        JaegerBinary { max_baggage_items: 64, max_baggage_bytes: 8192, counters: Counters::new() }
    }

    /// The maximum number of baggage items to read and to write. 64 by default. Values above 180, the limit of the Go client, have no effect.
    #[must_use]
    pub fn max_baggage_items(mut self, items: usize) -> Self {
        self.max_baggage_items = items;
        self
    }

    /// The maximum size of baggage keys and values to read and to write, in bytes. 8,192 by default.
    #[must_use]
    pub fn max_baggage_bytes(mut self, bytes: usize) -> Self {
        self.max_baggage_bytes = bytes;
        self
    }
}

impl Default for JaegerBinary {
    fn default() -> Self {
        Self::new()
    }
}

impl Propagator<Binary> for JaegerBinary {
    fn inject(&self, context: &SpanContext, carrier: &mut Vec<u8>) -> Result<(), InjectError> {
        // The layout cannot express a negative decision without ids.
        if !context.is_valid() && !context.is_sampled() && context.baggage_items().is_empty() {
            return Err(InjectError::InvalidSpanContext);
        }
        let mut bytes = 0;
        let fits = |item: &&BaggageItem| {
            let after = bytes + item.key().len() + item.value().len();
            let fits = after <= self.max_baggage_bytes;
            if fits {
                bytes = after;
            }
            fits
        };
        let max_items = self.max_baggage_items.min(MAX_ITEMS as usize);
        let items = || context.baggage_items().iter();
        let kept: smallvec::SmallVec<[&BaggageItem; 8]> = items().filter(fits).take(max_items).collect();
        let left_out = context.baggage_items().len() - kept.len();
        self.counters.add(0, u32::try_from(left_out).unwrap_or(u32::MAX));
        carrier.reserve(37 + bytes + 8 * kept.len());
        let ids = context.is_valid();
        for id in [context.trace_id().high(), context.trace_id().low(), context.span_id().get()] {
            carrier.extend_from_slice(&if ids { id } else { 0 }.to_be_bytes());
        }
        carrier.extend_from_slice(&context.parent_id().filter(|_| ids).unwrap_or_default().to_bytes());
        carrier.push(flags(context));
        push_len(carrier, kept.len());
        for item in kept {
            push_len(carrier, item.key().len());
            carrier.extend_from_slice(item.key().as_bytes());
            push_len(carrier, item.value().len());
            carrier.extend_from_slice(item.value().as_bytes());
        }
        Ok(())
    }

    fn extract(&self, carrier: &[u8]) -> Result<Option<SpanContext>, ExtractError> {
        if carrier.is_empty() {
            return Ok(None);
        }
        let corrupted = |reason| ExtractError::corrupted(FIELD, reason);
        let mut carrier = carrier;
        let mut context = read_ids(&mut carrier).ok_or(corrupted("it is too short"))?;
        let items = take(&mut carrier).map(u32::from_be_bytes).ok_or(corrupted("it is too short"))?;
        if items > MAX_ITEMS {
            return Err(corrupted("it has too many baggage items"));
        }
        for _ in 0..items {
            let key = take_text(&mut carrier).ok_or(corrupted("a baggage item is too short"))?;
            let value = take_text(&mut carrier).ok_or(corrupted("a baggage item is too short"))?;
            // Only an item that is not UTF-8 is dropped, as in the text formats.
            if let (Ok(key), Ok(value)) = (std::str::from_utf8(key), std::str::from_utf8(value)) {
                let (items, bytes) = (self.max_baggage_items, self.max_baggage_bytes);
                // Checked before the item is copied.
                let fits = key.len().saturating_add(value.len()) <= bytes
                    && context.extra_mut().baggage.set_within(BaggageItem::new(key, value), items, bytes);
                self.counters.add(0, u32::from(!fits));
            }
        }
        if context.has_nothing_to_carry() { Err(corrupted("an id is zero")) } else { Ok(Some(context)) }
    }

    fn stats(&self) -> PropagatorStats {
        self.counters.stats()
    }
}

fn push_len(carrier: &mut Vec<u8>, len: usize) {
    // The limits keep the length far below `u32::MAX`.
    carrier.extend_from_slice(&u32::try_from(len).unwrap_or(0).to_be_bytes());
}

/// Flags of zero without ids are no decision, since a context that has only baggage is written so.
fn read_ids(carrier: &mut &[u8]) -> Option<SpanContext> {
    let [high, low, span_id, parent_id] = [take(carrier)?, take(carrier)?, take(carrier)?, take(carrier)?];
    let [flags] = take(carrier)?;
    let (high, low) = (u64::from_be_bytes(high), u64::from_be_bytes(low));
    let context = SpanContext::new(TraceId::from_parts(high, low), SpanId::from_bytes(span_id));
    let (sampling, other_flags) = read_flags(flags);
    if !context.is_valid() {
        return Some(SpanContext::empty().with_sampling(match sampling {
            Sampling::NotSampled => Sampling::Undecided,
            decided => decided,
        }));
    }
    let mut context = context.with_sampling(sampling).with_parent_id(SpanId::from_bytes(parent_id));
    if other_flags != 0 {
        context.extra_mut().jaeger.get_or_insert_default().other_flags = other_flags;
    }
    Some(context)
}

fn take<const N: usize>(carrier: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = carrier.split_first_chunk()?;
    *carrier = rest;
    Some(*head)
}

/// Takes a text with its length. Returns `None` if the carrier is shorter.
fn take_text<'a>(carrier: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(u32::from_be_bytes(take(carrier)?)).ok()?;
    let (text, rest) = carrier.split_at_checked(len)?;
    *carrier = rest;
    Some(text)
}

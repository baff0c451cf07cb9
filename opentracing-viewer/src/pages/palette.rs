//! The colours of services.

use std::collections::HashMap;
use std::sync::Mutex;

/// The number of colours. More would look alike to people who do not see all of them.
pub(super) const COLOURS: usize = 8;

/// Gives each service a colour, the same as long as the process runs.
///
/// The name gives the first choice, and the next colour that is free is taken, so that few services never share one. Beyond
/// [`COLOURS`] services, colours repeat with a stripe, whose width tells them apart.
#[derive(Debug, Default)]
pub(super) struct Palette {
    slots: Mutex<HashMap<String, usize>>,
}

/// Services beyond this many share colours and stripes.
const MAX_SLOTS: usize = 4 * COLOURS;

impl Palette {
    /// The number of a service's colour, plus [`COLOURS`] for each stripe.
    pub(super) fn slot(&self, service: &str) -> usize {
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(slot) = slots.get(service) {
            return *slot;
        }
        let wanted = hash(service) % COLOURS;
        if slots.len() >= MAX_SLOTS {
            return wanted + COLOURS * (hash(service) / COLOURS % (MAX_SLOTS / COLOURS));
        }
        // All slots of one round before those of the next.
        let round = slots.len() / COLOURS * COLOURS;
        let taken: Vec<usize> = slots.values().copied().collect();
        let free = (0..COLOURS).map(|step| round + (wanted + step) % COLOURS).find(|slot| !taken.contains(slot));
        let slot = free.unwrap_or(round + wanted);
        slots.insert(service.to_owned(), slot);
        slot
    }

    /// The class names of a service's colour and stripe.
    pub(super) fn class(&self, service: &str) -> String {
        class_of(self.slot(service))
    }
}

/// The class names of a slot.
pub(super) fn class_of(slot: usize) -> String {
    match (slot % COLOURS, slot / COLOURS) {
        (colour, 0) => format!("c{colour}"),
        (colour, stripe) => format!("c{colour} s{stripe}"),
    }
}

/// FNV-1a: the same for each run, unlike the standard library's.
fn hash(text: &str) -> usize {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (hash >> 32) as usize
}

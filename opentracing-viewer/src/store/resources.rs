//! The processes of the spans in the store.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::model::{Resource, Text, Value};

/// Processes by number. A number is free again when the last span of its process has left the store.
pub(super) struct Resources {
    slots: Arc<Vec<Option<Arc<Resource>>>>,
    index: HashTable<u16>,
    hasher: RandomState,
    spans: Vec<u32>,
    free: Vec<u16>,
    bytes: usize,
    max_bytes: usize,
}

/// More processes share one without tags.
const MAX_RESOURCES: usize = 8192;

/// The number of spans whose process did not fit.
const OTHER: u16 = 0;

impl Resources {
    pub(super) fn new(max_bytes: usize) -> Self {
        let other = Arc::new(Resource::new("_OTHER", Vec::new()));
        Resources {
            slots: Arc::new(vec![Some(other)]),
            index: HashTable::new(),
            hasher: RandomState::default(),
            spans: vec![0],
            free: Vec::new(),
            bytes: 0,
            max_bytes,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.slots.capacity() * 12
    }

    /// All processes at this time, by number.
    pub(super) fn snapshot(&self) -> Arc<Vec<Option<Arc<Resource>>>> {
        self.slots.clone()
    }

    /// The number of a process. `None` if there are too many: its spans belong to [`Resources::other`].
    pub(super) fn enter(&mut self, resource: &Arc<Resource>) -> Option<u16> {
        let hash = hash_of(&self.hasher, resource);
        let slots = &self.slots;
        let same = |number: &u16| {
            slots.get(usize::from(*number)).and_then(Option::as_ref).is_some_and(|other| other == resource)
        };
        if let Some(number) = self.index.find(hash, same) {
            return Some(*number);
        }
        let bytes = size_of_resource(resource);
        if self.bytes + bytes > self.max_bytes {
            return None;
        }
        let number = match self.free.pop() {
            Some(number) => number,
            None if self.slots.len() < MAX_RESOURCES => {
                Arc::make_mut(&mut self.slots).push(None);
                self.spans.push(0);
                (self.slots.len() - 1) as u16
            }
            None => return None,
        };
        self.bytes += bytes;
        Arc::make_mut(&mut self.slots)[usize::from(number)] = Some(resource.clone());
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash_at =
            |number: &u16| slots[usize::from(*number)].as_ref().map_or(0, |resource| hash_of(hasher, resource));
        self.index.insert_unique(hash, number, hash_at);
        Some(number)
    }

    pub(super) fn other() -> u16 {
        OTHER
    }

    pub(super) fn add_span(&mut self, number: u16) {
        self.spans[usize::from(number)] += 1;
    }

    pub(super) fn remove_span(&mut self, number: u16) {
        let spans = &mut self.spans[usize::from(number)];
        *spans = spans.saturating_sub(1);
        if *spans > 0 || number == OTHER {
            return;
        }
        if let Some(resource) = Arc::make_mut(&mut self.slots)[usize::from(number)].take() {
            self.bytes -= size_of_resource(&resource);
            if let Ok(found) = self.index.find_entry(hash_of(&self.hasher, &resource), |other| *other == number) {
                found.remove();
            }
            self.free.push(number);
        }
    }
}

fn hash_of(hasher: &RandomState, resource: &Resource) -> u64 {
    let mut state = hasher.build_hasher();
    resource.service.hash(&mut state);
    for (key, value) in &resource.tags {
        key.hash(&mut state);
        match value {
            Value::Bool(value) => value.hash(&mut state),
            Value::I64(value) => value.hash(&mut state),
            Value::U64(value) => value.hash(&mut state),
            Value::F64(value) => value.to_bits().hash(&mut state),
            Value::Str(text) | Value::Json(text) => text.hash(&mut state),
        }
    }
    state.finish()
}

fn size_of_resource(resource: &Resource) -> usize {
    size_of::<Resource>() + resource.service.len() + size_of_fields(&resource.tags)
}

/// The memory of fields, with a price for each allocation.
pub(super) fn size_of_fields(fields: &[(Text, Value)]) -> usize {
    let text = |value: &Value| value.as_text().map_or(0, |text| text.len() + 16);
    fields.iter().map(|(key, value)| size_of::<(Text, Value)>() + key.len() + 16 + text(value)).sum()
}

//! A cache per thread, so that a statement that runs again is not read again.

use std::cell::RefCell;
use std::sync::Arc;

use crate::sql::{Reading, Summary};

/// Reads a statement, or takes the result from the cache of this thread. A hit costs one hash and one comparison of the text.
pub(crate) fn summary(sql: &str, reading: Reading) -> Arc<Summary> {
    if sql.len() > MAX_CACHED_BYTES {
        return Arc::new(Summary::of(sql, reading));
    }
    let index = hash(sql) as usize % ENTRIES;
    // While the thread ends, its cache may already be gone.
    CACHE
        .try_with(|cache| {
            let mut cache = cache.borrow_mut();
            if cache.is_empty() {
                cache.resize_with(ENTRIES, || None);
            }
            match cache.get_mut(index) {
                Some(Some(entry)) if entry.reading == reading && *entry.sql == *sql => entry.summary.clone(),
                Some(slot) => {
                    let summary = Arc::new(Summary::of(sql, reading));
                    *slot = Some(Entry { reading, sql: sql.into(), summary: summary.clone() });
                    summary
                }
                None => Arc::new(Summary::of(sql, reading)),
            }
        })
        .unwrap_or_else(|_| Arc::new(Summary::of(sql, reading)))
}

/// A later statement with the same index replaces it.
struct Entry {
    reading: Reading,
    sql: Box<str>,
    summary: Arc<Summary>,
}

thread_local! {
    static CACHE: RefCell<Vec<Option<Entry>>> = const { RefCell::new(Vec::new()) };
}

/// With texts of the maximum length, the cache of a thread takes a megabyte.
const ENTRIES: usize = 256;
/// Longer texts are usually generated and do not repeat.
const MAX_CACHED_BYTES: usize = 2048;

/// Hashes eight bytes at a time. Collisions are harmless: the statement is read again.
fn hash(text: &str) -> u64 {
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mix = |hash: u64, chunk: &[u8; 8]| {
        (hash.rotate_left(5) ^ u64::from_le_bytes(*chunk)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let hash = chunks.iter().fold(text.len() as u64, mix);
    mix(hash, &last) >> 32
}

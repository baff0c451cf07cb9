//! Each thread remembers what it has read, so that the text of a statement is read once and compared from then on.

use std::cell::RefCell;
use std::sync::Arc;

use crate::sql::{Dialect, Summary};

/// What the statement says of itself. Costs a hash and a comparison of its text if this thread has met it lately, and reading it
/// otherwise.
pub(crate) fn summary(sql: &str, dialect: Dialect) -> Arc<Summary> {
    if sql.len() > LONGEST {
        return Arc::new(Summary::of(sql, dialect));
    }
    let place = hash(sql) as usize % PLACES;
    // A statement may be traced while the thread ends; then there is nothing to remember it in.
    CACHE
        .try_with(|cache| {
            let mut cache = cache.borrow_mut();
            if cache.is_empty() {
                cache.resize_with(PLACES, || None);
            }
            match cache.get_mut(place) {
                Some(Some(entry)) if entry.dialect == dialect && *entry.sql == *sql => entry.summary.clone(),
                Some(free) => {
                    let summary = Arc::new(Summary::of(sql, dialect));
                    *free = Some(Entry { dialect, sql: sql.into(), summary: summary.clone() });
                    summary
                }
                None => Arc::new(Summary::of(sql, dialect)),
            }
        })
        .unwrap_or_else(|_| Arc::new(Summary::of(sql, dialect)))
}

/// A place for each hash: who comes later takes it.
struct Entry {
    dialect: Dialect,
    sql: Box<str>,
    summary: Arc<Summary>,
}

thread_local! {
    static CACHE: RefCell<Vec<Option<Entry>>> = const { RefCell::new(Vec::new()) };
}

/// A megabyte a thread at most, with the longest.
const PLACES: usize = 256;
/// In bytes. Longer ones are made by programs, as a rule, and do not come again.
const LONGEST: usize = 2048;

/// Eight bytes at a time. Whoever makes texts that fall on one place makes this thread read them again, and no more.
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

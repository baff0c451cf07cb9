//! Access to headers whose names are not UTF-8.
//!
//! [`Headers::try_get`](rdkafka::message::Headers::try_get) of rdkafka 0.39 panics on such a name, so anyone who can write to a topic could
//! crash the consumers that read its headers. This module calls librdkafka directly.
#![expect(
    unsafe_code,
    reason = "rdkafka panics on names that are not UTF-8, and a panic cannot be caught with panic = \"abort\""
)]

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use rdkafka::bindings::{rd_kafka_header_get_all, rd_kafka_header_remove, rd_kafka_headers_t};
use rdkafka::error::IsError;
use rdkafka::message::{BorrowedHeaders, OwnedHeaders};

/// Iterates over names and values, in order, including headers without a value.
pub(crate) fn iter(headers: &BorrowedHeaders) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    (0..).map_while(|index| get(headers, index)).map(|(name, value)| (name.to_bytes(), value))
}

/// Removes every header whose name matches.
pub(crate) fn remove(headers: &mut OwnedHeaders, matches: impl Fn(&[u8]) -> bool) {
    let mut index = 0;
    while let Some((name, _)) = get(headers.as_borrowed(), index) {
        if !matches(name.to_bytes()) {
            index += 1;
            continue;
        }
        // Copied, because removing the first header frees its name, which is then compared with the names of the other headers.
        let name: CString = name.to_owned();
        // SAFETY: the pointer is valid, see `native`. The list is borrowed mutably and the borrow of `get` has ended with the copy of the
        // name, so there are no other references to it. The name is zero-terminated.
        let error = unsafe { rd_kafka_header_remove(native(headers.as_borrowed()), name.as_ptr()) };
        if error.is_error() {
            // Nothing was removed: continue with the next header, or this loop would not end.
            index += 1;
        }
    }
}

/// Returns the header at the index; `None` after the last one.
fn get(headers: &BorrowedHeaders, index: usize) -> Option<(&CStr, Option<&[u8]>)> {
    let (mut name, mut value, mut size): (_, *const c_void, _) = (ptr::null(), ptr::null(), 0);
    // SAFETY: the pointer is valid, see `native`, and the list does not change while it is borrowed. The other pointers are to local
    // variables; the function writes to all three unless it fails.
    let error = unsafe { rd_kafka_header_get_all(native(headers), index, &mut name, &mut value, &mut size) };
    if error.is_error() || name.is_null() {
        return None;
    }
    // SAFETY: a name is zero-terminated (rdkafka.h, `rd_kafka_header_get_all`). It is part of the header, which lives as long as the
    // list and does not change while `headers` is borrowed.
    let name = unsafe { CStr::from_ptr(name) };
    // SAFETY: a value that is not null has `size` bytes and is part of the header, like the name. An empty value is not null.
    let value = (!value.is_null()).then(|| unsafe { std::slice::from_raw_parts(value.cast(), size) });
    Some((name, value))
}

/// Returns the pointer to librdkafka's list of headers. rdkafka casts that pointer to a reference to `BorrowedHeaders`, an empty type, and
/// back. It does not document this; if it changed, the tests would find no headers.
fn native(headers: &BorrowedHeaders) -> *mut rd_kafka_headers_t {
    ptr::from_ref(headers).cast_mut().cast()
}

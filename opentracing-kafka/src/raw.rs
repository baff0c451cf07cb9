//! Headers with names of any bytes, which rdkafka has no safe way to.
//!
//! [`Headers::try_get`](rdkafka::message::Headers::try_get) of rdkafka 0.39 panics on a name that is not UTF-8. Anybody who may write
//! to a topic could end the consumers that read its headers, so the library below is asked directly.
#![expect(
    unsafe_code,
    reason = "rdkafka panics on names that are not UTF-8, and what panics cannot be caught everywhere"
)]

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use rdkafka::bindings::{rd_kafka_header_get_all, rd_kafka_header_remove, rd_kafka_headers_t};
use rdkafka::error::IsError;
use rdkafka::message::{BorrowedHeaders, OwnedHeaders};

/// Calls `visit` with each name and value, in order. A header without a value is there, too.
pub(crate) fn for_each<'h>(headers: &'h BorrowedHeaders, mut visit: impl FnMut(&'h [u8], Option<&'h [u8]>)) {
    let mut index = 0;
    while let Some((name, value)) = get(headers, index) {
        visit(name.to_bytes(), value);
        index += 1;
    }
}

/// Removes every header whose name is found.
pub(crate) fn remove(headers: &mut OwnedHeaders, is_found: impl Fn(&[u8]) -> bool) {
    let mut index = 0;
    while let Some((name, _)) = get(headers.as_borrowed(), index) {
        if !is_found(name.to_bytes()) {
            index += 1;
            continue;
        }
        // The name goes with the first header that is removed, and is compared with the others after that.
        let name: CString = name.to_owned();
        // SAFETY: the pointer is that of a list of headers, see `native`. Nothing else refers to a list that is borrowed mutably: what
        // `get` lent ends with the copy of the name. The name ends in zero.
        let error = unsafe { rd_kafka_header_remove(native(headers.as_borrowed()), name.as_ptr()) };
        if error.is_error() {
            // Nothing was removed, so the same header would be found for ever.
            index += 1;
        }
    }
}

/// The header at that place; `None` behind the last one.
fn get(headers: &BorrowedHeaders, index: usize) -> Option<(&CStr, Option<&[u8]>)> {
    let (mut name, mut value, mut size): (_, *const c_void, _) = (ptr::null(), ptr::null(), 0);
    // SAFETY: the pointer is that of a list of headers, see `native`, which is not changed while it is borrowed. The others are of
    // variables that outlive the call, which writes to all three unless it fails.
    let error = unsafe { rd_kafka_header_get_all(native(headers), index, &mut name, &mut value, &mut size) };
    if error.is_error() || name.is_null() {
        return None;
    }
    // SAFETY: a name ends in zero, whatever its bytes are (rdkafka.h, `rd_kafka_header_get_all`). It is part of the header, which
    // lives as long as the list does and does not change, and so no longer than what `headers` borrows from.
    let name = unsafe { CStr::from_ptr(name) };
    // SAFETY: a value that is not null has `size` bytes, and is part of the header as its name is. An empty one is not null.
    let value = (!value.is_null()).then(|| unsafe { std::slice::from_raw_parts(value.cast(), size) });
    Some((name, value))
}

/// The list of headers itself. A reference to `BorrowedHeaders`, a type without content, is a pointer to it: rdkafka makes such
/// references by that cast and no other, and reads them so. The tests would not find any header if it did otherwise.
fn native(headers: &BorrowedHeaders) -> *mut rd_kafka_headers_t {
    ptr::from_ref(headers).cast_mut().cast()
}

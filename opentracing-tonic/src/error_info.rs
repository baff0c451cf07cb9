//! What a status says about its error in `grpc-status-details-bin`.

use opentracing_core::encoding::Base64Decoder;
use opentracing_core::{Span, tags};
use tonic::{Code, Status};

use crate::decorator::Ending;
use crate::protobuf::Fields;

/// The `google.rpc.ErrorInfo` among the details of a status: a constant of the service's API, and who defines it. Its metadata map, which
/// may hold anything, is not read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ErrorInfo {
    reason: String,
    domain: String,
}

/// The largest details that are read, decoded.
const MAX_DETAILS_BYTES: usize = 16 * 1024;

/// `ErrorInfo.reason` has at most 63 characters (`google/rpc/error_details.proto`).
const MAX_REASON_BYTES: usize = 63;

/// The length of a host name.
const MAX_DOMAIN_BYTES: usize = 253;

impl ErrorInfo {
    /// The first one in the details of a status that is not `OK`. `None` if there is none, or the details cannot be read.
    pub(crate) fn of(ending: &Ending<'_>) -> Option<Self> {
        if ending.code == Code::Ok {
            return None;
        }
        let details = ending.trailers?.get(Status::GRPC_STATUS_DETAILS)?.as_bytes();
        if details.len() > MAX_DETAILS_BYTES / 3 * 4 {
            return None;
        }
        let mut bytes = Vec::with_capacity(details.len());
        let mut decoder = Base64Decoder::default();
        decoder.decode(details, |decoded| bytes.extend_from_slice(decoded));
        // Most peers leave the padding out.
        decoder.decode(b"=", |decoded| bytes.extend_from_slice(decoded));
        read(&bytes)
    }

    pub(crate) fn set_tags(&self, span: &mut Span) {
        if !self.reason.is_empty() {
            span.set(tags::GRPC_ERROR_REASON, &self.reason);
        }
        if !self.domain.is_empty() {
            span.set(tags::GRPC_ERROR_DOMAIN, &self.domain);
        }
    }
}

/// Reads a `google.rpc.Status`, whose field 3 are details of type `google.protobuf.Any`.
fn read(status: &[u8]) -> Option<ErrorInfo> {
    let details = Fields::new(status).filter(|(number, _)| *number == 3);
    details.filter_map(|(_, any)| of_any(any)).next()
}

/// An `Any` has the name of a type in field 1 and the message in field 2.
fn of_any(any: &[u8]) -> Option<ErrorInfo> {
    let mut is_error_info = false;
    let mut message: &[u8] = &[];
    for (number, value) in Fields::new(any) {
        match number {
            1 => is_error_info = value.ends_with(b"/google.rpc.ErrorInfo"),
            2 => message = value,
            _ => {}
        }
    }
    if !is_error_info {
        return None;
    }
    let mut info = ErrorInfo::default();
    for (number, value) in Fields::new(message) {
        match number {
            1 => info.reason = text(value, MAX_REASON_BYTES),
            2 => info.domain = text(value, MAX_DOMAIN_BYTES),
            _ => {}
        }
    }
    Some(info)
}

/// A constant or a host name, cut to a length. Other text is neither, and may be private.
fn text(value: &[u8], max_bytes: usize) -> String {
    let value = value.get(..max_bytes).unwrap_or(value);
    match std::str::from_utf8(value) {
        Ok(text) if value.iter().all(is_of_name) => text.to_owned(),
        _ => String::new(),
    }
}

fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')
}

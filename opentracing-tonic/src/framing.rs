//! How the messages of a body are framed.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What a content type says about a body of messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    /// `application/grpc`: five bytes before each message, trailers behind the body.
    Grpc,
    /// `application/grpc-web`: the same, with the trailers in a frame at the end of the body.
    Web,
    /// `application/grpc-web-text`: gRPC-Web in base64.
    WebText,
}

impl Framing {
    /// Reads the content type, with or without `+proto` and parameters; `None` if it is not gRPC.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Framing> {
        let value = headers.get(CONTENT_TYPE)?.as_bytes();
        let (prefix, rest) = value.split_at_checked(GRPC.len())?;
        if !prefix.eq_ignore_ascii_case(GRPC) {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'+' | b';' | b' ')).unwrap_or(rest.len());
        match rest.get(..end)? {
            b"" => Some(Framing::Grpc),
            rest if rest.eq_ignore_ascii_case(b"-web") => Some(Framing::Web),
            rest if rest.eq_ignore_ascii_case(b"-web-text") => Some(Framing::WebText),
            _ => None,
        }
    }
}

/// Whether the messages are in Protocol Buffers, as far as the content type says so. It often leaves the format out.
pub(crate) fn is_protobuf(headers: &HeaderMap) -> bool {
    let format = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().split(|byte| *byte == b'+').nth(1));
    format.is_none_or(|format| format.starts_with(b"proto"))
}

const GRPC: &[u8] = b"application/grpc";

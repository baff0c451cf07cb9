//! Reading bodies within limits.

use std::io::Read;

use axum::body::Body;
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::Refusal;
use crate::state::{Held, Limits};

/// The type of the content without parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether the body is compressed by gzip.
pub(super) fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers
        .get(CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase())
        .as_deref()
    {
        None | Some("" | "identity") => Ok(false),
        Some("gzip" | "x-gzip") => Ok(true),
        Some(_) => Err(Refusal::ContentEncoding),
    }
}

/// Reads a body as it was sent. It must make progress within one time limit, and end within another.
pub(super) async fn read(mut body: Body, limits: &Limits, held: &mut Held) -> Result<Vec<u8>, Refusal> {
    let until = Instant::now() + limits.whole_body_timeout;
    let mut bytes = Vec::new();
    loop {
        let frame = match timeout_at(until, timeout(limits.body_timeout, body.frame())).await {
            Ok(Ok(frame)) => frame,
            _ => return Err(Refusal::TooSlow),
        };
        let Some(frame) = frame else { return Ok(bytes) };
        let frame = frame.map_err(|error| Refusal::Broken(error.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > limits.max_body_bytes {
            return Err(Refusal::TooLarge { max_bytes: limits.max_body_bytes });
        }
        held.grow(data.len()).ok_or(Refusal::Busy)?;
        bytes.extend_from_slice(data);
    }
}

/// Decompresses a body. The limit counts bytes after decompression.
pub(super) fn decompress(body: &[u8], max_bytes: usize, held: &mut Held) -> Result<Vec<u8>, Refusal> {
    let mut decoder = MultiGzDecoder::new(body);
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        match decoder.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(length) => {
                if bytes.len() + length > max_bytes {
                    return Err(Refusal::TooLarge { max_bytes });
                }
                held.grow(length).ok_or(Refusal::Busy)?;
                bytes.extend_from_slice(&chunk[..length]);
            }
            Err(error) => return Err(Refusal::Broken(format!("gzip: {error}"))),
        }
    }
}

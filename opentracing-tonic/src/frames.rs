//! Counting the messages of a body by the heads of their frames.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentracing_core::encoding::Base64Decoder;
use tonic::Code;

use crate::framing::Framing;
use crate::status;

/// Scans a body as it passes. Keeps nothing but the trailers of gRPC-Web.
///
/// A frame is a byte of flags, four of length, and so many bytes (gRPC over HTTP2, "Length-Prefixed-Message"). In gRPC-Web the
/// highest flag says that they are trailers.
#[derive(Debug)]
pub(crate) struct Frames {
    messages: u64,
    /// The part of a head that has arrived.
    head: [u8; HEAD_BYTES],
    head_bytes: u8,
    /// The bytes of the frame that are missing.
    left: u32,
    /// The length of the longest frame that began in the last bytes.
    longest: u32,
    web: Option<Box<Web>>,
}

/// The status in the body of gRPC-Web: the code, its text, and the trailers that have them.
pub(crate) type WebStatus = (Code, String, HeaderMap);

/// The state of a gRPC-Web body.
#[derive(Debug, Default)]
struct Web {
    text: Option<Base64Decoder>,
    in_trailers: bool,
    trailers: Vec<u8>,
    is_complete: bool,
}

const HEAD_BYTES: usize = 5;
const TRAILERS: u8 = 0x80;
/// Longer trailers are ignored.
const MAX_TRAILERS_BYTES: u32 = 16 * 1024;

impl Frames {
    pub(crate) fn new(framing: Framing) -> Self {
        let web = match framing {
            Framing::Grpc => None,
            Framing::Web => Some(Box::default()),
            Framing::WebText => Some(Box::new(Web { text: Some(Base64Decoder::default()), ..Web::default() })),
        };
        Frames { messages: 0, head: [0; HEAD_BYTES], head_bytes: 0, left: 0, longest: 0, web }
    }

    /// Whether the bytes are messages and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.web.is_none()
    }

    /// How many messages have begun so far.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    /// The length of the longest frame that began in the bytes that were scanned last.
    pub(crate) fn longest(&self) -> u32 {
        self.longest
    }

    /// Scans the next bytes of the body.
    pub(crate) fn scan(&mut self, data: &[u8]) {
        self.longest = 0;
        match self.web.as_mut().and_then(|web| web.text.take()) {
            None => self.scan_bytes(data),
            Some(mut text) => {
                text.decode(data, |bytes| self.scan_bytes(bytes));
                if let Some(web) = &mut self.web {
                    web.text = Some(text);
                }
            }
        }
    }

    /// The status in the trailers of the body, once they are complete. `None` afterwards.
    pub(crate) fn status(&mut self) -> Option<WebStatus> {
        let web = self.web.as_mut().filter(|web| web.is_complete)?;
        web.is_complete = false;
        let trailers = parse(&web.trailers);
        let (code, message) = status::read(&trailers).map(|(code, message)| (code, Cow::into_owned(message)))?;
        Some((code, message, trailers))
    }

    fn scan_bytes(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            if self.left > 0 {
                let (payload, rest) = data.split_at(data.len().min(self.left as usize));
                // At most `left`, which fits.
                self.left -= payload.len() as u32;
                data = rest;
                self.keep(payload);
                continue;
            }
            let (&byte, rest) = data.split_first().unwrap_or((&0, &[]));
            data = rest;
            if let Some(place) = self.head.get_mut(usize::from(self.head_bytes)) {
                *place = byte;
            }
            self.head_bytes += 1;
            if usize::from(self.head_bytes) == HEAD_BYTES {
                self.begin_frame();
            }
        }
    }

    fn begin_frame(&mut self) {
        let [flags, length @ ..] = self.head;
        self.head_bytes = 0;
        self.left = u32::from_be_bytes(length);
        self.longest = self.longest.max(self.left);
        let is_message = self.web.is_none() || flags & TRAILERS == 0;
        if is_message {
            self.messages += 1;
        }
        if let Some(web) = &mut self.web {
            // A peer may send more frames after its trailers, and more trailers after those.
            web.in_trailers = !is_message && self.left <= MAX_TRAILERS_BYTES;
            if web.in_trailers {
                web.trailers.clear();
                web.is_complete = self.left == 0;
            }
        }
    }

    fn keep(&mut self, payload: &[u8]) {
        if let Some(web) = self.web.as_mut().filter(|web| web.in_trailers) {
            web.trailers.extend_from_slice(payload);
            web.is_complete = self.left == 0;
        }
    }
}

/// Reads lines of `name: value`. Other lines are left out.
fn parse(trailers: &[u8]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in trailers.split(|byte| matches!(byte, b'\r' | b'\n')) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.trim_ascii()), HeaderValue::from_bytes(value)) {
            // The map refuses to grow beyond 32,768 entries.
            let _ = map.try_append(name, value);
        }
    }
    map
}

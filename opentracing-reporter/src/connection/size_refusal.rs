//! The words in which servers say that a request is too large.

/// Whether a server's message says that the request is too large. gRPC servers use different statuses for it, and some HTTP servers
/// answer 400.
pub(super) fn says_too_large(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    WORDS.iter().any(|words| message.contains(words))
}

const WORDS: [&str; 8] = [
    // Go and C++, also after decompression.
    "larger than max",
    // tonic.
    "message length too large",
    // Java.
    "message exceeds maximum size",
    // .NET.
    "exceeds the maximum configured message size",
    // `net/http` and Kestrel, in the body of 400.
    "request body too large",
    "request entity too large",
    "payload too large",
    "content too large",
];

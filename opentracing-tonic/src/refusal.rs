//! Responses that a client does not accept.

use std::fmt;

use tonic::Code;

use crate::protobuf;

/// Why tonic's client has stopped reading, although the server sends more: it drops the response at the bytes that it does not accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// A message of so many bytes is larger than the client's limit.
    TooLarge(u32),
    /// The first message is not in Protocol Buffers.
    Broken,
}

/// The limit of tonic's clients.
pub(crate) const MAX_DECODING_MESSAGE_SIZE: usize = 4 * 1024 * 1024;

const HEAD_BYTES: usize = 5;

impl Refusal {
    /// `longest` is the length of the longest message that began in the last bytes. `first` are those bytes if they are the first ones.
    ///
    /// A message that can be read as Protocol Buffers says nothing: a client may drop a stream behind each of them.
    pub(crate) fn of(longest: u32, limit: usize, first: Option<&[u8]>) -> Option<Self> {
        if usize::try_from(longest).is_ok_and(|longest| longest > limit) {
            return Some(Refusal::TooLarge(longest));
        }
        let (head, rest) = first?.split_at_checked(HEAD_BYTES)?;
        let [0, length @ ..] = head else { return None };
        let length: [u8; 4] = length.try_into().ok()?;
        let message = rest.get(..usize::try_from(u32::from_be_bytes(length)).ok()?)?;
        protobuf::is_broken(message).then_some(Refusal::Broken)
    }

    /// The code of the status that tonic's client returns.
    pub(crate) fn code(self) -> Code {
        match self {
            Refusal::TooLarge(_) => Code::OutOfRange,
            Refusal::Broken => Code::Internal,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooLarge(bytes) => {
                write!(f, "dropped at a message of {bytes} bytes, which is larger than the client's limit")
            }
            Refusal::Broken => f.write_str("dropped at a message that cannot be decoded"),
        }
    }
}

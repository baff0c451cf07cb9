//! Why a connection brought no response.

use std::error::Error;
use std::io;

use crate::http_rules::connect_failure::causes;

/// Why a request that was sent over a connection got no response.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SendFailure {
    /// The server did not process the request (HTTP/2, `REFUSED_STREAM`).
    RefusedStream,
    /// The server closed the connection of HTTP/2 with `GOAWAY`.
    GoAway,
    /// The server reset the connection, or the stream of HTTP/2.
    Reset,
    /// The server closed the connection.
    Closed,
    /// What the server sent was not HTTP, or violated its rules.
    Protocol,
    /// The body of the request failed.
    Upload,
}

impl SendFailure {
    /// The value of `error.kind`: `refused_stream`, `goaway`, `reset`, `closed`, `protocol` or `upload`.
    pub const fn name(self) -> &'static str {
        match self {
            SendFailure::RefusedStream => "refused_stream",
            SendFailure::GoAway => "goaway",
            SendFailure::Reset => "reset",
            SendFailure::Closed => "closed",
            SendFailure::Protocol => "protocol",
            SendFailure::Upload => "upload",
        }
    }

    /// Reads the error and its causes. `None` if they say nothing of this. Allocates.
    ///
    /// Knows the errors of hyper, h2, hyper-util and clients built on them. Many of their kinds are private, so their texts are compared.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut vague = None;
        for error in causes(error) {
            // The first cause decides: behind a request body that failed, there are the application's own errors.
            if let Some(failure) = error.downcast_ref::<io::Error>().and_then(Self::of_io) {
                return Some(failure);
            }
            let text = error.to_string();
            if let Some((_, failure)) = OF_SENDING.iter().find(|(known, _)| text.starts_with(known)) {
                return Some(*failure);
            }
            if text == WRITING_BODY {
                vague = Some(SendFailure::Upload);
            }
        }
        vague
    }

    fn of_io(error: &io::Error) -> Option<Self> {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
        match error.kind() {
            // What h2 makes of the end of a connection.
            BrokenPipe if error.raw_os_error().is_none() => Some(SendFailure::Closed),
            ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected => Some(SendFailure::Reset),
            UnexpectedEof => Some(SendFailure::Closed),
            _ => None,
        }
    }
}

/// Of hyper, and of h2, which hides the kinds of its causes.
const OF_SENDING: [(&str, SendFailure); 23] = [
    ("error from user's Body stream", SendFailure::Upload),
    ("user body write aborted", SendFailure::Upload),
    ("connection closed", SendFailure::Closed),
    ("client error (ChannelClosed)", SendFailure::Closed),
    ("channel closed", SendFailure::Closed),
    ("unexpected end of file", SendFailure::Closed),
    ("received unexpected message from connection", SendFailure::Protocol),
    ("invalid HTTP", SendFailure::Protocol),
    ("invalid content-length", SendFailure::Protocol),
    ("invalid transfer-encoding", SendFailure::Protocol),
    ("unexpected transfer-encoding", SendFailure::Protocol),
    ("message head is too large", SendFailure::Protocol),
    ("stream error received: refused stream", SendFailure::RefusedStream),
    ("stream error received", SendFailure::Reset),
    ("connection error received", SendFailure::GoAway),
    ("stream error detected", SendFailure::Protocol),
    ("connection error detected", SendFailure::Protocol),
    ("protocol error", SendFailure::Protocol),
    ("connection reset", SendFailure::Reset),
    ("Connection reset", SendFailure::Reset),
    ("broken pipe", SendFailure::Reset),
    ("Broken pipe", SendFailure::Reset),
    ("stream closed because of a broken pipe", SendFailure::Closed),
];

/// The text of hyper's error. Mostly the connection broke, which a cause says.
const WRITING_BODY: &str = "error writing a body to connection";

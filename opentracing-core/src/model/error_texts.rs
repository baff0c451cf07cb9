//! The texts of an error and its sources.

use std::error::Error;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The text of an error, and those of at most 64 sources, a line each, for the fields [`MESSAGE`](crate::logs::MESSAGE) and
/// [`STACK`](crate::logs::STACK). The second is empty if the error has no source.
///
/// An error is foreign code: a chain may never end, and `Display` may fail, panic or write without end. Each text is bounded to 64 KiB.
pub fn error_texts(error: &dyn Error) -> (String, String) {
    let (mut message, mut stack) = (Bounded::default(), Bounded::default());
    message.add(error);
    let mut source = source_of(error);
    for _ in 0..MAX_SOURCES {
        let Some(cause) = source else { break };
        if !stack.text.is_empty() {
            stack.text.push('\n');
        }
        stack.text.push_str("caused by: ");
        stack.add(cause);
        source = source_of(cause);
    }
    if source.is_some() {
        stack.text.push_str("\ncaused by further errors");
    }
    (message.text, stack.text)
}

/// Sources of an error that are written.
const MAX_SOURCES: usize = 64;
/// Bytes of a text, before the limits of the span are applied.
const MAX_TEXT: usize = 1 << 16;

fn source_of<'e>(error: &'e (dyn Error + 'e)) -> Option<&'e (dyn Error + 'static)> {
    catch_unwind(AssertUnwindSafe(|| error.source())).ok().flatten()
}

/// The text, up to a failure or to the largest length.
#[cfg(feature = "macros")]
pub(crate) fn bounded(text: fmt::Arguments<'_>) -> String {
    let mut bounded = Bounded::default();
    // What was written before a failure is kept.
    let _ = bounded.write_fmt(text);
    bounded.text
}

#[derive(Default)]
struct Bounded {
    text: String,
}

impl Bounded {
    /// Keeps what was written before a failure, and says so if that was nothing.
    fn add(&mut self, error: &dyn Error) {
        let before = self.text.len();
        let written = catch_unwind(AssertUnwindSafe(|| write!(self, "{error}")));
        if !matches!(written, Ok(Ok(()))) && self.text.len() == before {
            self.text.push_str("(an error without a text)");
        }
    }
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let mut end = piece.len().min(MAX_TEXT.saturating_sub(self.text.len()));
        while !piece.is_char_boundary(end) {
            end -= 1;
        }
        self.text.push_str(&piece[..end]);
        if end < piece.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

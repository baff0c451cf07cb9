//! What two services of a chain say to each other.

use std::fmt;

/// A context on the wire, as one of its formats expresses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// `None` if the headers only hold a sampling decision.
    pub(crate) trace: Option<u128>,
    pub(crate) span: Option<u64>,
    pub(crate) sampled: Option<bool>,
    /// Debug, or the user's wish to keep the trace in Datadog's format.
    pub(crate) debug: bool,
}

impl Link {
    /// Whether it holds neither ids nor a decision.
    pub(crate) fn is_empty(&self) -> bool {
        self.trace.is_none() && self.sampled.is_none()
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "trace {:032x} span {:016x} sampled {}",
            self.trace.unwrap_or_default(),
            self.span.unwrap_or_default(),
            self.sampled.map_or("undecided".to_owned(), |sampled| sampled.to_string())
        )?;
        if self.debug { f.write_str(" debug") } else { Ok(()) }
    }
}

/// A hexadecimal number that is not zero.
pub(crate) fn hex<T: TryFrom<u128>>(digits: &str) -> Option<T> {
    let number = u128::from_str_radix(digits, 16).ok().filter(|number| *number != 0)?;
    T::try_from(number).ok()
}

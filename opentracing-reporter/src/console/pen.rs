//! Writes text with optional colours.

use std::fmt::Write;

/// The style of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Dim,
    Error,
    /// The colour of the service with this number.
    Service(usize),
}

/// Colours that are readable on light and dark backgrounds. Red is reserved for errors.
const SERVICES: [&str; 10] = ["36", "33", "35", "32", "34", "96", "93", "95", "92", "94"];

#[derive(Debug)]
pub(super) struct Pen {
    out: String,
    colors: bool,
}

impl Pen {
    pub(super) fn new(colors: bool) -> Self {
        Pen { out: String::new(), colors }
    }

    pub(super) fn write(&mut self, ink: Ink, text: &str) {
        let code = match ink {
            Ink::Plain => "",
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Error => "31",
            Ink::Service(number) => SERVICES[number % SERVICES.len()],
        };
        if !self.colors || code.is_empty() || text.trim().is_empty() {
            self.out.push_str(text);
        } else {
            let _ = write!(self.out, "\x1b[{code}m{text}\x1b[0m");
        }
    }

    pub(super) fn blanks(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    /// Ends the line, without trailing blanks.
    pub(super) fn end_line(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

//! The output of the drawing, and its width and colours.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal, Write};

use super::settings::{ConsoleColors, Settings};

/// The width without a terminal.
const COLUMNS: usize = 100;
/// Below the minimum nothing can be drawn; above the maximum, lines are hard to follow.
const BOUNDS: (usize, usize) = (40, 160);

pub(super) enum Output {
    Stdout,
    Stderr,
    Writer(Box<dyn Write + Send>),
}

/// What the output can show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) colors: bool,
    pub(super) columns: usize,
}

impl Output {
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        let write = |writer: &mut dyn Write| writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
        match self {
            Output::Stdout => write(&mut io::stdout().lock()),
            Output::Stderr => write(&mut io::stderr().lock()),
            Output::Writer(writer) => write(writer),
        }
    }

    /// Called for each trace, since terminals change their size.
    pub(super) fn look(&self, settings: &Settings) -> Look {
        let colors = match settings.colors {
            ConsoleColors::Always => true,
            ConsoleColors::Never => false,
            ConsoleColors::Auto => self.is_terminal() && allows_colors(),
        };
        let columns = settings.columns.unwrap_or_else(|| self.columns().clamp(BOUNDS.0, BOUNDS.1));
        Look { colors, columns: columns.max(BOUNDS.0) }
    }

    fn is_terminal(&self) -> bool {
        match self {
            Output::Stdout => io::stdout().is_terminal(),
            Output::Stderr => io::stderr().is_terminal(),
            Output::Writer(_) => false,
        }
    }

    fn columns(&self) -> usize {
        let size = match self {
            Output::Stdout => terminal_size::terminal_size_of(io::stdout()),
            Output::Stderr => terminal_size::terminal_size_of(io::stderr()),
            Output::Writer(_) => return COLUMNS,
        };
        let of_terminal = size.map(|(width, _)| usize::from(width.0));
        of_terminal.or_else(|| env::var("COLUMNS").ok()?.parse().ok()).unwrap_or(COLUMNS)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Output::Stdout => "Stdout",
            Output::Stderr => "Stderr",
            Output::Writer(_) => "Writer",
        })
    }
}

/// Follows no-color.org: any non-empty value disables colours.
fn allows_colors() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

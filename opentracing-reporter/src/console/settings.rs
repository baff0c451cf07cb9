//! Settings of the drawing.

use std::time::Duration;

/// Whether the console draws services in colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleColors {
    /// Only on a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always, even to a file or a pipe.
    Always,
    /// Never.
    Never,
}

/// Which tags the console draws below their span, one per line. Kind, status and peer have columns of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleTags {
    /// No tags.
    #[default]
    None,
    /// All, up to 32 per span.
    All,
}

/// Which logs the console draws below their span, one per line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleLogs {
    /// No logs.
    None,
    /// Logs of failed spans, up to 32 per span.
    #[default]
    Failed,
    /// All, up to 32 per span.
    All,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) colors: ConsoleColors,
    pub(super) columns: Option<usize>,
    pub(super) tags: ConsoleTags,
    pub(super) logs: ConsoleLogs,
    pub(super) linger: Duration,
    pub(super) max_age: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            colors: ConsoleColors::default(),
            columns: None,
            tags: ConsoleTags::default(),
            logs: ConsoleLogs::default(),
            linger: Duration::from_millis(150),
            max_age: Duration::from_secs(5),
        }
    }
}

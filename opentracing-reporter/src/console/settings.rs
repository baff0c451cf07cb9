//! What may be chosen about the drawing.

use std::time::Duration;

/// Whether services have colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleColors {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Also to a file or a pipe.
    Always,
    /// Not even on a terminal.
    Never,
}

/// Which tags are drawn below their span, a line each. Kind, status and peer have a column of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleTags {
    /// None.
    #[default]
    None,
    /// All, up to 32 a span.
    All,
}

/// Which logs are drawn below their span, a line each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleLogs {
    /// None.
    None,
    /// Those of failed spans, up to 32 a span.
    #[default]
    Failed,
    /// All, up to 32 a span.
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

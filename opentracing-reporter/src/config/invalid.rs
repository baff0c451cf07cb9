//! Why a configuration file cannot be used.

use std::error::Error;
use std::fmt;

/// A configuration file that cannot be used: it is missing, is not YAML, or has a value that OpenTelemetry's schema does not allow.
///
/// ```
/// use opentracing_reporter::EnvConfig;
///
/// let read = EnvConfig::new(&|name| (name == "OTEL_CONFIG_FILE").then(|| "/nowhere.yaml".to_owned()));
/// let invalid = read.invalid_file().expect("there is no such file");
/// assert!(invalid.to_string().starts_with("/nowhere.yaml: cannot be read"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfigFile {
    path: Box<str>,
    problem: Problem,
}

impl InvalidConfigFile {
    pub(super) fn new(path: &str, problem: Problem) -> Self {
        InvalidConfigFile { path: path.into(), problem }
    }

    /// The path of the file, as given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line of the first error, from 1. `None` if the file cannot be read.
    pub fn line(&self) -> Option<usize> {
        self.problem.line
    }
}

/// Writes `/etc/otel.yaml:7: tracer_provider.processors is missing`.
impl fmt::Display for InvalidConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path)?;
        if let Some(line) = self.problem.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.problem.text)
    }
}

impl Error for InvalidConfigFile {}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    line: Option<usize>,
    text: Box<str>,
}

impl Problem {
    pub(super) fn at(line: usize, text: impl fmt::Display) -> Self {
        Problem { line: Some(line), text: text.to_string().into() }
    }

    pub(super) fn unreadable(error: &std::io::Error) -> Self {
        Problem { line: None, text: format!("cannot be read ({error})").into() }
    }
}

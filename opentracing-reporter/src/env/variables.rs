//! Reading variables, and warnings about invalid ones.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub(crate) use crate::wire::pairs;

/// A variable with an invalid value or a key of the configuration file that is not supported, and what is used instead.
///
/// ```
/// use opentracing_reporter::EnvConfig;
///
/// let from_env = EnvConfig::new(&|name| (name == "OTEL_PROPAGATORS").then(|| "morse".to_owned()));
/// let warning = &from_env.warnings()[0];
/// assert_eq!(warning.variable(), "OTEL_PROPAGATORS");
/// assert_eq!(
///     warning.to_string(),
///     "OTEL_PROPAGATORS has \"morse\", which is not supported: ignoring it",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvWarning {
    variable: Box<str>,
    text: Box<str>,
}

impl EnvWarning {
    pub(crate) fn new(variable: &str, text: String) -> Self {
        EnvWarning { variable: variable.into(), text: text.into() }
    }

    /// The name of the variable, or the path of the key in the configuration file, such as `tracer_provider.limits`.
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

/// Writes `OTEL_BSP_SCHEDULE_DELAY is "soon", not a number of milliseconds: using the default`.
impl fmt::Display for EnvWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.text)
    }
}

/// The environment, and the warnings so far. An empty variable counts as not set (OpenTelemetry, "Environment Variable
/// Specification").
pub(crate) struct Variables<'a> {
    pub(crate) lookup: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) warnings: Vec<EnvWarning>,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Variables { lookup, warnings: Vec::new() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The first of these variables that is set, with its name.
    pub(crate) fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, String)> {
        names.iter().find_map(|&name| Some((name, self.get(name)?)))
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Adds a warning: `{variable} {problem}: {instead}`. The same warning is added only once.
    pub(crate) fn warn(&mut self, variable: &str, problem: impl fmt::Display, instead: impl fmt::Display) {
        let warning = EnvWarning::new(variable, format!("{problem}: {instead}"));
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// A parsed value. An invalid one counts as not set.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str, expected: &str, instead: impl fmt::Display) -> Option<T> {
        let value = self.get(name)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.warn(name, format_args!("is {value:?}, not a {expected}"), instead);
        }
        parsed
    }

    /// The first of these variables that is set and valid.
    pub(crate) fn first_parsed<T: FromStr>(
        &mut self,
        names: &[&str],
        expected: &str,
        instead: impl fmt::Display,
    ) -> Option<T> {
        names.iter().find_map(|name| self.parsed(name, expected, &instead))
    }

    /// A boolean: `true` in any letter case, and nothing else, is true (OpenTelemetry).
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let Some(value) = self.get(name) else { return false };
        if !value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false") {
            self.warn(name, format_args!("is {value:?}, neither true nor false"), "using false");
        }
        value.eq_ignore_ascii_case("true")
    }

    /// Whether one of two words was chosen; the second one is the default. `1` and `0` count as `true` and `false`.
    pub(crate) fn switch(&mut self, name: &str, default: bool) -> bool {
        let Some(value) = self.get(name) else { return default };
        match &*value.to_ascii_lowercase() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                self.warn(name, format_args!("is {value:?}, neither true nor false"), format_args!("using {default}"));
                default
            }
        }
    }

    /// Whether a variable has the second of two values. The first is the default.
    pub(crate) fn is_second(&mut self, name: &str, [first, second]: [&str; 2]) -> bool {
        let Some(value) = self.get(name) else { return false };
        if value != first && value != second {
            self.warn(name, format_args!("is {value:?}, neither {first} nor {second}"), format_args!("using {first}"));
        }
        value == second
    }

    /// A number of milliseconds.
    pub(crate) fn millis(&mut self, name: &str, instead: impl fmt::Display) -> Option<Duration> {
        self.parsed::<u32>(name, "number of milliseconds", instead).map(|millis| Duration::from_millis(millis.into()))
    }

    /// A duration in Go's form (`1.5s`, `2m30s`, `100ms`), or a number of milliseconds as in Java.
    pub(crate) fn duration(&mut self, name: &str, instead: impl fmt::Display) -> Option<Duration> {
        let value = self.get(name)?;
        let duration = go_duration(&value);
        if duration.is_none() {
            self.warn(name, format_args!("is {value:?}, not a duration such as 1s or 500ms"), instead);
        }
        duration
    }
}

fn go_duration(text: &str) -> Option<Duration> {
    if let Ok(millis) = text.parse::<u32>() {
        return Some(Duration::from_millis(millis.into()));
    }
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..unit_at].parse().ok()?;
        rest = &rest[unit_at..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" | "μs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

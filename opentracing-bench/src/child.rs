//! Runs measuring processes and reads their figures.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// The figures that a process printed: names and numbers.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<(String, f64)>);

impl Figures {
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, figure)| *figure)
    }

    pub(crate) fn named(&self, name: &str) -> Result<f64, String> {
        self.get(name).ok_or_else(|| format!("the measuring process printed no {name}"))
    }
}

/// Runs the program and waits for its end.
pub(crate) fn run(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<Figures, String> {
    let what = || format!("{} {}", program.as_ref().to_string_lossy(), arguments.join(" "));
    let output = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", what()))?;
    if !output.status.success() {
        return Err(format!("{}: {}", what(), String::from_utf8_lossy(&output.stderr).trim()));
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(Figures(lines.lines().filter_map(|line| line.split_once(' ')).filter_map(figure).collect()))
}

fn figure((name, number): (&str, &str)) -> Option<(String, f64)> {
    Some((name.to_owned(), number.parse().ok()?))
}

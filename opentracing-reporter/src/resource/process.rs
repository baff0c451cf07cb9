//! The process.

use super::detected::DetectedTags;
use super::source::Source;

/// Written by the build script: `rustc 1.88.0 (6b00bc388 2025-06-23)`.
const COMPILER: Option<&str> = option_env!("OPENTRACING_RUSTC");

pub(super) fn detect(source: &Source<'_>, found: &mut DetectedTags) {
    found.number("process.pid", std::process::id());
    if let Ok(program) = std::env::current_exe() {
        found.text("process.executable.name", program.file_name().map(|name| name.to_string_lossy()));
        found.text("process.executable.path", Some(program.to_string_lossy()));
    }
    // The runtime of a compiled program is its compiler (OpenTelemetry semantic conventions, "Process").
    found.text("process.runtime.name", Some("rustc"));
    found.text("process.runtime.version", COMPILER.and_then(|text| text.split(' ').nth(1)));
    found.text("process.runtime.description", COMPILER);
    found.text("process.owner", owner(source));
}

#[cfg(unix)]
fn owner(source: &Source<'_>) -> Option<String> {
    let id = rustix::process::geteuid().as_raw().to_string();
    let users = source.file("etc/passwd")?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1) == Some(&*id)).then(|| name.to_owned())
    })
}

#[cfg(not(unix))]
fn owner(source: &Source<'_>) -> Option<String> {
    source.variable(&["USERNAME"])
}

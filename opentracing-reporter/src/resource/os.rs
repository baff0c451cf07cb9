//! The operating system.

use super::detected::DetectedTags;
use super::source::Source;

pub(super) fn detect(source: &Source<'_>, found: &mut DetectedTags) {
    found.text("os.type", Some(system(std::env::consts::OS)));
    if let Some(text) = source.first_file(&["etc/os-release", "usr/lib/os-release"]) {
        for (name, key) in [("NAME", "os.name"), ("VERSION_ID", "os.version"), ("PRETTY_NAME", "os.description")] {
            found.text(key, assigned(&text, name));
        }
        return;
    }
    #[cfg(unix)]
    if source.is_own_root() {
        let names = rustix::system::uname();
        let (system, release) = (names.sysname().to_string_lossy(), names.release().to_string_lossy());
        found.text("os.name", Some(&*system));
        found.text("os.version", Some(&*release));
        found.text("os.description", Some(format!("{system} {release}")));
    }
}

/// The names in OpenTelemetry's semantic conventions.
fn system(name: &'static str) -> &'static str {
    match name {
        "macos" => "darwin",
        "dragonfly" => "dragonflybsd",
        name => name,
    }
}

/// The value of an assignment as in a shell: `NAME="Debian GNU/Linux"` (`man os-release`).
fn assigned(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    let inner = match quote {
        Some(quote) => value.get(1..)?.split(quote).next()?,
        None => value,
    };
    (!inner.is_empty()).then(|| inner.to_owned())
}

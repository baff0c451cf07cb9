//! The host.

use super::detected::DetectedTags;
use super::source::Source;

pub(super) fn detect(source: &Source<'_>, found: &mut DetectedTags) {
    found.text("host.name", if source.is_own_root() { own_name(source) } else { source.file("etc/hostname") });
    found.text("host.id", machine_id(source));
    found.text("host.arch", Some(architecture(std::env::consts::ARCH)));
}

#[cfg(unix)]
fn own_name(_: &Source<'_>) -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(not(unix))]
fn own_name(source: &Source<'_>) -> Option<String> {
    source.variable(&["COMPUTERNAME"])
}

/// 32 hexadecimal digits (`man machine-id`). Images may contain the word `uninitialized` instead.
fn machine_id(source: &Source<'_>) -> Option<String> {
    let is_id = |text: &String| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    ["etc/machine-id", "var/lib/dbus/machine-id"].iter().find_map(|path| source.file(path).filter(is_id))
}

/// The names in OpenTelemetry's semantic conventions.
fn architecture(name: &'static str) -> &'static str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        name => name,
    }
}

//! Two versions of OpenTelemetry in one program have two globals, and know nothing of each other.

#[test]
fn the_workspace_has_one_version_of_opentelemetry() {
    // A package from the registry has no lock file of the workspace.
    let Ok(lock) = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")) else { return };
    for name in ["opentelemetry", "opentelemetry_sdk"] {
        let versions = lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count();
        assert!(versions <= 1, "{versions} versions of {name}");
    }
}

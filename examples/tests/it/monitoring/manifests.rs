//! The files that deploy the shop with its backends.

use std::fs;
use std::path::PathBuf;

use crate::monitoring::{deploy, run};
use crate::servers::addresses;

/// The files of a folder below `deploy` with this ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(deploy(folder)).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    assert!(!found.is_empty(), "{folder}");
    found
}

#[test]
fn published_schemas_accept_compose_file_manifests_and_dashboards() {
    let Some([lint, kubernetes, yaml]) = addresses(["DEPLOY_LINT", "KUBERNETES_VALIDATE", "YAMLLINT"]) else { return };
    run(&lint, &["compose"], &[deploy("compose.yaml")]);
    run(&lint, &["grafana"], &files("grafana/dashboards", "json"));
    run(&kubernetes, &["--strict", "--quiet"], &files("kubernetes", "yaml"));
    run(&yaml, &["--strict", "--config-file"], &[deploy(".yamllint"), deploy(".")]);
}

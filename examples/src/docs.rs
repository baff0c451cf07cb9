//! The pages under `docs`. Their snippets are compiled and run with the documentation tests of this crate.

macro_rules! pages {
    ($($page:ident: $file:literal;)+) => { $(
        #[doc = include_str!(concat!("../../docs/", $file))]
        struct $page;
    )+ };
}

pages! {
    Backends: "backends.md";
    ComingFromTracing: "coming-from-tracing-and-opentelemetry.md";
    ConfigurationFile: "configuration-file.md";
    Connections: "connections.md";
    Environment: "environment.md";
    Fleet: "fleet.md";
    Jobs: "jobs.md";
    Metrics: "metrics.md";
    Migration: "migration.md";
    Profiles: "profiles.md";
    Propagation: "propagation.md";
    Sampling: "sampling.md";
    Secrets: "secrets.md";
    SemanticConventions: "semantic-conventions.md";
    Shutdown: "shutdown.md";
    Viewer: "viewer.md";
    Troubleshooting: "troubleshooting.md";
}

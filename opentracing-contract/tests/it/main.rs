//! The checks find what adapters get wrong: here are some that end a span with the head of an answer, as most do.

mod client;
mod server;

use opentracing_contract::Report;

/// Some checks hold, and these fail, with something in their message.
#[track_caller]
fn check(report: &Report, passed: &[&str], failed: &[(&str, &str)]) {
    for name in passed {
        assert!(report.passed.iter().any(|check| check == name), "{name} should hold:\n{report}");
    }
    for (name, message) in failed {
        let failure = report.failures.iter().find(|failure| failure.check() == *name);
        let failure = failure.unwrap_or_else(|| panic!("{name} should fail:\n{report}"));
        assert!(failure.message().contains(message), "{failure}");
        assert!(report.to_string().contains(&failure.to_string()));
    }
}

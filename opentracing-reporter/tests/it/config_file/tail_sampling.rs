//! Tail sampling from the configuration file.

use super::broken::problem;
use super::{HEAD, PATIENCE, check_warnings, provider, read, start};

/// The names of the spans that are kept of four traces.
fn kept(keys: &str) -> Vec<String> {
    let config = read(&provider(&format!("  tail_sampling:\n{keys}")));
    check_warnings(&config, &[]);
    let (tracer, guard, told) = start(config);
    tracer.span("failed").tag("error", true).start().finish();
    tracer.span("plain").start().finish();
    tracer.span("GET /healthz").tag("error", true).start().finish();
    tracer.span("denied").tag("http.status_code", 403).tag("tenant", "acme").start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    told.try_iter().map(|told| told.name).collect()
}

#[test]
fn keys_select_what_is_kept() {
    #[track_caller]
    fn check(keys: &str, expected: &[&str]) {
        assert_eq!(kept(keys), expected, "{keys}");
    }
    let rule = |rule: &str| format!("    share: 0\n    rules: [{{name: own, {rule}}}]\n");
    check("    share: 1\n", &["failed", "plain", "GET /healthz", "denied"]);
    check("    share: 0\n    quantile: off\n    max_spans: 100\n    grace: 0\n", &["failed", "GET /healthz"]);
    check("    share: 0\n    errors: false\n", &[]);
    check(
        "    share: 0\n    slow: 0\n    max_age: 1000\n    wire: sampled\n",
        &["failed", "plain", "GET /healthz", "denied"],
    );
    check(&rule("decision: drop, operation: GET /health*"), &["failed"]);
    check(&rule("decision: keep, statuses: 401-403"), &["failed", "GET /healthz", "denied"]);
    check(&rule("decision: keep, statuses: 404"), &["failed", "GET /healthz"]);
    check(&rule("decision: keep, tags: [{key: tenant, value: acme}]"), &["failed", "GET /healthz", "denied"]);
    check(&rule("decision: keep, tags: [{key: tenant}], kind: internal"), &["failed", "GET /healthz", "denied"]);
    check(&rule("decision: share, share: 0, failed: true"), &[]);
    check(&rule("decision: keep, at_least: 100000"), &["failed", "GET /healthz"]);
}

#[test]
fn mistakes_name_the_line() {
    #[track_caller]
    fn check(keys: &str, expected: &str) {
        let text = format!("{HEAD}{}", provider(&format!("  tail_sampling:\n{keys}")));
        assert_eq!(problem(&text), format!(":5: tracer_provider.tail_sampling.{expected}"), "{keys}");
    }
    check("    share: 5\n", "share is 5, not between 0 and 1");
    check("    traces_per_second: -1\n", "traces_per_second is -1, but must be at least 0");
    check("    slow: soon\n", "slow is \"soon\", not a whole number");
    check("    quantile: p99\n", "quantile is \"p99\", not a number");
    check("    wire: both\n", "wire is \"both\", neither not_sampled nor sampled");
    check("    compared_spans: some\n", "compared_spans is \"some\", neither local_roots nor all");
    check("    rules: [{decision: keep}]\n", "rules[0].name is missing");
    check(
        "    rules: [{name: a, decision: maybe}]\n",
        "rules[0].decision is \"maybe\", neither keep nor drop nor share",
    );
    check("    rules: [{name: a, decision: keep, kind: odd}]\n", "rules[0].kind is \"odd\", not a kind of span");
    check(
        "    rules: [{name: a, decision: keep, statuses: 4xx}]\n",
        "rules[0].statuses is \"4xx\", not a status such as 404 or a range such as 400-499",
    );
    let unknown = read(&provider("  tail_sampling: {chance: 1}\n"));
    check_warnings(&unknown, &["tracer_provider.tail_sampling.chance is not supported (line 4): ignoring it"]);
}

//! The rules, dashboards and manifests under `deploy`, checked by the programs that read them.

mod dashboards;
mod manifests;
mod prometheus;
mod worker;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fleet::tiers::{Collector, Fleet};
use crate::monitoring::prometheus::Prometheus;
use crate::monitoring::worker::Worker;
use crate::process::Program;
use crate::servers::{addresses, post, wait_for};

/// A path below `deploy`.
fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path)
}

/// Runs a program, which must succeed.
#[track_caller]
fn run(program: &str, arguments: &[&str], files: &[PathBuf]) {
    let output = Command::new(program).args(arguments).args(files).output().unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{program} {arguments:?}:\n{stdout}{stderr}");
}

#[test]
fn prometheus_accepts_the_rules_and_their_tests() {
    let Some([promtool]) = addresses(["PROMTOOL"]) else { return };
    run(&promtool, &["check", "config"], &[deploy("prometheus/prometheus.yaml")]);
    run(&promtool, &["test", "rules"], &[deploy("prometheus/tests.yaml")]);
}

/// The shop, its customers, a worker, and the Collectors that they report to.
struct Scene {
    shop: Program,
    worker: Worker,
    front_end: String,
    fleet: Fleet,
}

impl Scene {
    fn start(collector: &str) -> Scene {
        let variables = [("BACKENDS", "[file]"), ("DECISION_WAIT", "2s"), ("SHARE_PERCENT", "50")];
        let fleet = Fleet::start(collector, &variables);
        let agent = format!("http://127.0.0.1:{}", fleet.agents[0].http);
        let worker = Worker::start(&agent);
        let report = format!("otlp={agent}");
        let options = ["--serve", "--requests", "0", "--metrics-port", "0", "--report", &report];
        let mut shop = Program::start(env!("CARGO_BIN_EXE_acme-shop"), &options);
        let front_end = format!("http://{}", shop.address_of("front-end"));
        Scene { shop, worker, front_end, fleet }
    }

    /// The targets of Prometheus, under the jobs of `prometheus.yaml`.
    fn targets(&mut self) -> Vec<(&'static str, String)> {
        let local = |port: u16| format!("127.0.0.1:{port}");
        let metrics = |tier: &[Collector]| tier.iter().map(|collector| local(collector.metrics)).collect::<Vec<_>>();
        let mut targets =
            vec![("services", self.shop.address_of("metrics").to_string()), ("services", self.worker.metrics.clone())];
        targets.extend(metrics(&self.fleet.agents).into_iter().map(|target| ("otel-agent", target)));
        targets.extend(metrics(&self.fleet.gateways).into_iter().map(|target| ("otel-gateway", target)));
        targets.extend(self.fleet.gateways.iter().map(|gateway| ("span-metrics", local(gateway.span_metrics))));
        targets
    }

    /// A customer buys. The payment of `bob` fails.
    fn buy(&self, user: &str) {
        let status = post(&format!("{}/buy", self.front_end), &[("user", user), ("sku", "teapot")]);
        assert_eq!(status, Some(if user == "bob" { 502 } else { 200 }), "{user}");
    }
}

const PAGE: &str = "ErrorBudgetBurnsFast";

#[test]
fn failing_payments_page_and_every_panel_has_data() {
    let Some([collector, url, targets, rules]) =
        addresses(["OTELCOL", "PROMETHEUS_URL", "PROMETHEUS_TARGETS", "PROMETHEUS_RULES"])
    else {
        return;
    };
    let mut scene = Scene::start(&collector);
    let prometheus = Prometheus::start(url, &targets, &rules, &scene.targets());

    wait_for("the error share of good payments", || {
        scene.buy("ada");
        prometheus.value("service:request_errors:ratio_rate5m{service=\"payment\"}").filter(|&share| share == 0.0)
    });
    assert!(!prometheus.firing().contains(&(PAGE.to_owned(), "payment".to_owned())));

    wait_for("the alert", || {
        scene.buy("bob");
        prometheus.firing().contains(&(PAGE.to_owned(), "payment".to_owned())).then_some(())
    });

    let queries = dashboards::queries();
    let mut missing: BTreeSet<&String> = queries.iter().collect();
    wait_for(&format!("data for {} queries", queries.len()), || {
        ["ada", "bob"].into_iter().for_each(|user| scene.buy(user));
        scene.worker.work();
        let before = missing.len();
        missing.retain(|query| !prometheus.has_data(query));
        if missing.len() < before && !missing.is_empty() {
            let _ = writeln!(std::io::stderr(), "monitoring: no data yet for {missing:?}");
        }
        missing.is_empty().then_some(())
    });
    let alerts: BTreeSet<String> = prometheus.firing().into_iter().map(|(alert, _)| alert).collect();
    let _ =
        writeln!(std::io::stderr(), "monitoring: {} queries with data, alerts that fire: {alerts:?}", queries.len());
}

//! A real Prometheus, with the rules of `deploy/prometheus`.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde_json::{Value, json};

use crate::monitoring::deploy;
use crate::servers::{get_json, post, wait_for};

/// Removes its targets and rules on drop.
pub(crate) struct Prometheus {
    url: String,
    files: Vec<PathBuf>,
}

/// What a rule says, and what the test makes of it, so that it need not last for hours.
pub(crate) const SHORTER: &[(&str, &str)] = &[
    ("[5m]", "[20s]"),
    ("[30m]", "[30s]"),
    ("[1h]", "[40s]"),
    ("[6h]", "[60s]"),
    ("for: 2m", "for: 1s"),
    ("for: 5m", "for: 1s"),
    ("for: 10m", "for: 1s"),
    ("for: 15m", "for: 1s"),
];

impl Prometheus {
    /// Scrapes these targets, each with the name of its job, and waits until all of them answer.
    pub(crate) fn start(url: String, targets: &str, rules: &str, scraped: &[(&str, String)]) -> Prometheus {
        let mut prometheus = Prometheus { url, files: Vec::new() };
        for name in ["recording.yaml", "alerts.yaml"] {
            let mut text = fs::read_to_string(deploy("prometheus").join(name)).unwrap();
            for (said, short) in SHORTER {
                text = text.replace(said, short);
            }
            prometheus.write(Path::new(rules), name, &text);
        }
        let groups: Vec<Value> =
            scraped.iter().map(|(job, target)| json!({"targets": [target], "labels": {"job": job}})).collect();
        prometheus.write(Path::new(targets), "monitoring.json", &Value::from(groups).to_string());
        assert_eq!(post(&format!("{}/-/reload", prometheus.url), &[]), Some(200));
        wait_for("all targets", || (prometheus.value("count(up == 1)") == Some(scraped.len() as f64)).then_some(()));
        prometheus
    }

    /// Renamed into place, so that no half of it is read.
    fn write(&mut self, folder: &Path, name: &str, text: &str) {
        let (new, path) = (folder.join(format!("{name}.new")), folder.join(name));
        fs::write(&new, text).unwrap();
        fs::rename(new, &path).unwrap();
        self.files.push(path);
    }

    fn query(&self, query: &str) -> Vec<Value> {
        let url = Url::parse_with_params(&format!("{}/api/v1/query", self.url), [("query", query)]).unwrap();
        let mut answer = get_json(url.as_str()).unwrap_or_else(|| panic!("{query}"));
        match answer["data"]["result"].take() {
            Value::Array(results) => results,
            other => panic!("{query}: {other}"),
        }
    }

    /// The value of a query with one result.
    pub(crate) fn value(&self, query: &str) -> Option<f64> {
        self.query(query).first()?["value"][1].as_str()?.parse().ok()
    }

    /// Whether a query has a result that is a number.
    pub(crate) fn has_data(&self, query: &str) -> bool {
        self.query(query).iter().any(|result| result["value"][1].as_str().is_some_and(|value| value != "NaN"))
    }

    /// The alerts that are firing, with the service of each.
    pub(crate) fn firing(&self) -> Vec<(String, String)> {
        let results = self.query("ALERTS{alertstate=\"firing\"}");
        let label = |result: &Value, name: &str| result["metric"][name].as_str().unwrap_or_default().to_owned();
        results.iter().map(|result| (label(result, "alertname"), label(result, "service"))).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        post(&format!("{}/-/reload", self.url), &[]);
    }
}

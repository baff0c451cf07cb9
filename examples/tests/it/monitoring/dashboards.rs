//! The dashboards of `deploy/grafana`.

use std::collections::{BTreeSet, HashSet};
use std::fs;

use serde_json::Value;

use crate::monitoring::deploy;

const NAMES: &[&str] = &["executive", "on-call", "debug"];
/// Variables that Grafana itself sets.
const OF_GRAFANA: &[&str] = &["__rate_interval", "__all"];

fn dashboard(name: &str) -> Value {
    let path = deploy("grafana/dashboards").join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no list {pointer}"))
}

/// The queries of all panels and annotations, with the variables of Grafana replaced as `prometheus::SHORTER` replaces windows.
pub(crate) fn queries() -> BTreeSet<String> {
    let boards = NAMES.iter().map(|name| dashboard(name));
    let all = boards.flat_map(|board| {
        let panels = list(&board, "/panels").iter().filter(|panel| panel["type"] != "row");
        let targets = panels.flat_map(|panel| list(panel, "/targets"));
        let queries = targets.chain(list(&board, "/annotations/list")).map(|target| target["expr"].as_str().unwrap());
        queries.map(|query| query.replace("$__rate_interval", "20s").replace("$service", ".*")).collect::<Vec<_>>()
    });
    all.collect()
}

#[test]
fn panels_have_a_place_a_unit_and_known_variables() {
    let mut uids = HashSet::new();
    for name in NAMES {
        let board = dashboard(name);
        assert!(uids.insert(board["uid"].to_string()), "{name}");
        let variables: Vec<&str> =
            list(&board, "/templating/list").iter().map(|variable| variable["name"].as_str().unwrap()).collect();
        assert!(variables.contains(&"datasource"), "{name}");
        for used in used_variables(&board.to_string()) {
            assert!(variables.contains(&&*used) || OF_GRAFANA.contains(&&*used), "{name}: ${used} is not defined");
        }
        let mut taken = HashSet::new();
        let mut ids = HashSet::new();
        for panel in list(&board, "/panels") {
            let title = panel["title"].as_str().unwrap();
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}: {title}");
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|field| panel["gridPos"][field].as_u64().unwrap());
            assert!(w > 0 && h > 0 && x + w <= 24, "{name}: {title} does not fit");
            for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(place), "{name}: {title} overlaps another panel");
            }
            if panel["type"] == "row" {
                continue;
            }
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{name}: {title} has no unit");
            for target in list(panel, "/targets") {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{name}: {title}");
                assert!(target["expr"].as_str().is_some_and(|query| !query.is_empty()), "{name}: {title}");
            }
        }
    }
}

/// The names after `$` or `${`. In regular expressions of labels `$` is followed by no name.
fn used_variables(text: &str) -> HashSet<String> {
    let parts = text.split('$').skip(1).map(|part| part.trim_start_matches('{'));
    let names = parts.map(|part| part.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next());
    names.flatten().filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

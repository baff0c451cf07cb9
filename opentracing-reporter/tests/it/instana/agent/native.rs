//! Spans in the format of Instana's own tracers.

use serde_json::Value;

use super::schema::Type::{Id, LongId, Number, Object, Text, Texts, TraceId, Truth};
use super::schema::{Members, object, object_with};

const SPAN: Members = &[
    ("t", TraceId),
    ("s", Id),
    ("p", Id),
    ("n", Text),
    ("k", Number),
    ("ts", Number),
    ("d", Number),
    ("ec", Number),
    ("f", Object),
    ("b", Object),
    ("data", Object),
    ("lt", LongId),
    ("tp", Truth),
    ("ia", Object),
    ("crtp", Text),
    ("crid", Text),
    ("sy", Truth),
];

const ENTRY_ONLY: [&str; 6] = ["lt", "tp", "ia", "crtp", "crid", "sy"];

/// Name, kinds, the name of its data object, and the members of that.
const NAMES: [(&str, &[u64], &str, Members); 9] = [
    ("g.http", &[1], "http", HTTP),
    ("http", &[2], "http", HTTP),
    ("rpc-server", &[1], "rpc", RPC),
    ("rpc-client", &[2], "rpc", RPC),
    ("kafka", &[1, 2], "kafka", &[("service", Text), ("access", Text), ("error", Text)]),
    ("rabbitmq", &[1, 2], "rabbitmq", RABBITMQ),
    ("postgres", &[2], "pg", DATABASE),
    ("mysql", &[2], "mysql", DATABASE),
    ("log", &[2], "log", &[("message", Text), ("level", Text), ("logger", Text), ("parameters", Text)]),
];

const HTTP: Members = &[
    ("method", Text),
    ("host", Text),
    ("url", Text),
    ("params", Text),
    ("status", Number),
    ("path_tpl", Text),
    ("header", Texts),
    ("error", Text),
    ("protocol", Text),
];
const RPC: Members =
    &[("flavor", Text), ("call", Text), ("call_type", Text), ("host", Text), ("port", Text), ("error", Text)];
const RABBITMQ: Members =
    &[("sort", Text), ("exchange", Text), ("key", Text), ("address", Text), ("queue", Text), ("error", Text)];
const DATABASE: Members =
    &[("stmt", Text), ("host", Text), ("port", Text), ("user", Text), ("db", Text), ("error", Text)];
const SDK: Members = &[("name", Text), ("type", Text), ("arguments", Text), ("return", Text), ("custom", Object)];

/// Checks a span, and returns what is wrong with it.
pub(super) fn check(span: &Value, is_serverless: bool) -> Result<(), String> {
    let members = object_with(span, "span", SPAN, &["t", "s", "n", "k", "ts", "d", "f", "data"])?;
    let kind = span["k"].as_u64().filter(|kind| (1..=3).contains(kind)).ok_or("no such kind")?;
    if let Some(member) = ENTRY_ONLY.iter().find(|member| kind != 1 && members.contains_key(**member)) {
        return Err(format!("{member} on what is no entry"));
    }
    if span["s"] == span["p"] {
        return Err("a span is its own parent".into());
    }
    if let Some(long) = span["lt"].as_str()
        && span["t"].as_str() != long.get(16..)
    {
        return Err("t is not the lower half of lt".into());
    }
    if members.contains_key("crtp") != members.contains_key("crid") {
        return Err("half a correlation".into());
    }
    if let Some(ia) = members.get("ia") {
        let long = ia["t"].as_str().is_some_and(|id| id.len() == 32);
        object_with(ia, "ia", if long { &[("t", LongId), ("p", Id)] } else { &[("t", Id), ("p", Id)] }, &["t", "p"])?;
    }
    if let Some(batch) = members.get("b") {
        object(batch, "b", &[("s", Number), ("d", Number)])?;
    }
    check_from(&span["f"], is_serverless)?;
    check_data(span, kind)
}

fn check_from(from: &Value, is_serverless: bool) -> Result<(), String> {
    if is_serverless {
        let from = object_with(from, "f", &[("e", Text), ("hl", Truth), ("cp", Text)], &["e", "hl", "cp"])?;
        return if from["hl"] == true { Ok(()) } else { Err("f.hl is not true".into()) };
    }
    object_with(from, "f", &[("e", Text), ("h", Text)], &["e"]).map(|_| ())
}

fn check_data(span: &Value, kind: u64) -> Result<(), String> {
    let (name, data) = (span["n"].as_str().unwrap_or_default(), &span["data"]);
    if name == "sdk" {
        object_with(data, "data", &[("service", Text), ("sdk", Object)], &["sdk"])?;
        let sdk = object_with(&data["sdk"], "sdk", SDK, &["name", "type"])?;
        if sdk["type"].as_str() != ["entry", "exit", "intermediate"].get(kind as usize - 1).copied() {
            return Err("sdk.type is not what k says".into());
        }
        return check_custom(sdk.get("custom"));
    }
    let known = NAMES.iter().find(|(known, ..)| *known == name);
    let (_, kinds, member, members) = known.ok_or_else(|| format!("{name:?} is not registered"))?;
    if !kinds.contains(&kind) {
        return Err(format!("{name} of kind {kind}"));
    }
    if name == "log" && span["p"].is_null() {
        return Err("a log of nothing".into());
    }
    let data = data.as_object().ok_or("no data")?;
    object_with(data.get(*member).unwrap_or(&Value::Null), member, members, &[])?;
    if let Some(error) = data[*member]["error"].as_str()
        && error.chars().count() > 200
    {
        return Err("an error of more than 200 characters".into());
    }
    if data[*member]["stmt"].as_str().is_some_and(|statement| statement.chars().count() > 4000) {
        return Err("a statement of more than 4,000 characters".into());
    }
    for (key, value) in data {
        match &**key {
            "service" if value.is_string() => {}
            "sdk" => check_custom(object(value, "sdk", &[("custom", Object)])?.get("custom"))?,
            key if key == *member => {}
            key => return Err(format!("data of {name} knows no {key}")),
        }
    }
    Ok(())
}

fn check_custom(custom: Option<&Value>) -> Result<(), String> {
    let Some(custom) = custom else { return Ok(()) };
    let custom = object(custom, "custom", &[("tags", Object), ("logs", Object)])?;
    let logs = custom.get("logs").and_then(Value::as_object);
    for (time, fields) in logs.into_iter().flatten() {
        if time.parse::<u64>().is_err() || !fields.is_object() {
            return Err(format!("{time} is no log"));
        }
    }
    Ok(())
}

//! Spans as the OpenTelemetry Collector writes them to its file.

use std::cell::RefCell;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};

use serde_json::Value;

use crate::backends::backend::From;
use crate::backends::json::{array, number, text};
use crate::backends::seen::{Seen, Texts};
use crate::backends::zipkin;

/// A span as the Collector should write it, by the format in which it was received.
pub(crate) fn view(span: Seen) -> Seen {
    // It has no flags.
    Seen { is_debug: false, ..span }
}

/// The file, of which each line is an `ExportTraceServiceRequest` and is read once.
pub(crate) struct Lines {
    path: String,
    read: RefCell<Read>,
}

struct Read {
    offset: u64,
    /// The first line was started before, and is skipped.
    is_inside: bool,
    requests: Vec<Value>,
}

impl Lines {
    /// Reads what is written from now on.
    #[track_caller]
    pub(crate) fn from_now(path: &str) -> Self {
        let length = fs::metadata(path).unwrap_or_else(|error| panic!("{path}: {error}")).len();
        // A line may be half written, so reading starts within the last one, or at its end.
        let read = Read { offset: length.saturating_sub(1), is_inside: length > 0, requests: Vec::new() };
        Lines { path: path.to_owned(), read: RefCell::new(read) }
    }

    /// The spans of these traces.
    pub(crate) fn look(&self, from: From, traces: &[String]) -> Vec<Seen> {
        self.read_on().unwrap_or_else(|error| panic!("{}: {error}", self.path));
        let mut spans = Vec::new();
        for resource in self.read.borrow().requests.iter().flat_map(|request| array(&request["resourceSpans"])) {
            for scope in array(&resource["scopeSpans"]) {
                let known = array(&scope["spans"]).iter().filter(|span| traces.contains(&text(&span["traceId"])));
                for span in known {
                    let seen = read_span(from, span, &resource["resource"]);
                    if from == From::Otlp {
                        let component = seen.tags.get("component").map_or("opentracing", String::as_str);
                        assert_eq!(text(&scope["scope"]["name"]), component, "{}", seen.name);
                        assert_eq!(text(&scope["scope"]["version"]), env!("CARGO_PKG_VERSION"), "{}", seen.name);
                        assert_eq!(
                            text(&scope["schemaUrl"]),
                            "https://opentelemetry.io/schemas/1.45.0",
                            "{}",
                            seen.name
                        );
                    }
                    spans.push(seen);
                }
            }
        }
        spans
    }

    /// The spans of these traces, as they are written.
    pub(crate) fn spans(&self, traces: &[String]) -> Vec<Value> {
        self.read_on().unwrap_or_else(|error| panic!("{}: {error}", self.path));
        let requests = &self.read.borrow().requests;
        let resources = requests.iter().flat_map(|request| array(&request["resourceSpans"]));
        let spans =
            resources.flat_map(|resource| array(&resource["scopeSpans"])).flat_map(|scope| array(&scope["spans"]));
        spans.filter(|span| traces.contains(&text(&span["traceId"]))).cloned().collect()
    }

    fn read_on(&self) -> io::Result<()> {
        let Read { offset, is_inside, requests } = &mut *self.read.borrow_mut();
        let mut file = BufReader::new(File::open(&self.path)?);
        file.seek(SeekFrom::Start(*offset))?;
        let mut line = Vec::new();
        // The last line may be half written.
        while file.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            *offset += line.len() as u64;
            if !std::mem::take(is_inside) {
                requests.push(serde_json::from_slice(&line)?);
            }
            line.clear();
        }
        Ok(())
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

fn read_span(from: From, json: &Value, resource: &Value) -> Seen {
    const KINDS: [&str; 6] = ["", "", "server", "client", "producer", "consumer"];
    let (mut tags, mut process) = (attributes(json), attributes(resource));
    if from == From::Zipkin {
        // Attributes of the remote endpoint, in addition to the tags, under older and newer names.
        let added = ["net.peer.ip", "net.peer.port", "network.peer.address", "service.peer.name"];
        added.iter().for_each(|key| _ = tags.remove(*key));
    }
    if let Some(state) = json["traceState"].as_str().filter(|state| !state.is_empty()) {
        tags.insert("w3c.tracestate".to_owned(), state.to_owned());
    }
    assert_eq!(process.remove("service.instance.id").is_some(), from == From::Otlp, "{resource}");
    let said = Some(text(&json["status"]["message"])).filter(|said| !said.is_empty());
    let status = (json["status"]["code"] == 2).then(|| said.unwrap_or_else(|| "true".to_owned()));
    let error = tags.remove("error").or(status);
    let start_ns = number(&json["startTimeUnixNano"]);
    let mut seen = Seen {
        service: process.remove("service.name").unwrap_or_default(),
        process,
        name: text(&json["name"]),
        trace: text(&json["traceId"]),
        id: text(&json["spanId"]),
        parent: Some(text(&json["parentSpanId"])).filter(|parent| !parent.is_empty()),
        kind: json["kind"].as_u64().and_then(|kind| KINDS.get(kind as usize)).copied().unwrap_or_default().to_owned(),
        start_us: start_ns / 1000,
        duration_us: (number(&json["endTimeUnixNano"]) - start_ns) / 1000,
        error,
        is_ok: json["status"]["code"] == 1,
        tags,
        logs: array(&json["events"]).iter().map(|event| read_event(from, event)).collect(),
        ..Seen::default()
    };
    for link in array(&json["links"]) {
        let kind = attributes(link).remove("opentracing.ref_type").unwrap_or_default();
        seen.link(&kind, &text(&link["traceId"]), &text(&link["spanId"]));
    }
    seen.logs.sort();
    seen
}

fn read_event(from: From, json: &Value) -> (u64, Texts) {
    let name = text(&json["name"]);
    let mut fields = match from {
        From::Zipkin => zipkin::read_log(&name),
        From::Jaeger if name.is_empty() => Texts::new(),
        From::Jaeger | From::Otlp => Texts::from([("event".to_owned(), name)]),
    };
    fields.append(&mut attributes(json));
    (number(&json["timeUnixNano"]) / 1000, fields)
}

/// `[{"key":…,"value":{"stringValue":…}}]`.
fn attributes(json: &Value) -> Texts {
    let value = |json: &Value| json.as_object().and_then(|value| value.values().next()).map(text).unwrap_or_default();
    array(&json["attributes"]).iter().map(|tag| (text(&tag["key"]), value(&tag["value"]))).collect()
}

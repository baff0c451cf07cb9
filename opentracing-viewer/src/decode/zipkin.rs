//! Zipkin's JSON, version 2 (zipkin-api, `zipkin2-api.yaml`).

use std::collections::HashMap;
use std::sync::Arc;

use opentracing_core::{SpanId, SpanKind, TraceId};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Decoded, InvalidRequest};
use crate::model::{Log, Resource, Span, Text, Value};

/// Reads a list of spans. Each span is read by itself: a bad one does not cost the others.
pub(crate) fn zipkin(body: &[u8]) -> Result<Decoded, InvalidRequest> {
    let list: Vec<Json> = serde_json::from_slice(body).map_err(|error| InvalidRequest(error.to_string()))?;
    let mut decoded = Decoded::default();
    let mut spans: Vec<(usize, ZipkinSpan)> = Vec::new();
    let mut versions = Versions::new();
    for (index, span) in list.into_iter().enumerate() {
        match serde_json::from_value::<ZipkinSpan>(span) {
            Ok(span) => {
                note_version(&span, &mut versions);
                spans.push((index, span));
            }
            Err(error) => decoded.reject(1, || format!("[{index}]: {error}")),
        }
    }
    let mut resources: HashMap<Process, Arc<Resource>> = HashMap::new();
    for (index, span) in spans {
        match read(span, &versions, &mut resources) {
            Ok(span) => decoded.spans.push(span),
            Err(error) => decoded.reject(1, || format!("[{index}]: {error}")),
        }
    }
    Ok(decoded)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZipkinSpan {
    trace_id: String,
    id: String,
    parent_id: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    timestamp: Option<u64>,
    duration: Option<u64>,
    local_endpoint: Option<Endpoint>,
    remote_endpoint: Option<Endpoint>,
    annotations: Option<Vec<Annotation>>,
    tags: Option<serde_json::Map<String, Json>>,
    shared: Option<bool>,
    debug: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    service_name: Option<String>,
    ipv4: Option<String>,
    ipv6: Option<String>,
    port: Option<u16>,
}

#[derive(Deserialize)]
struct Annotation {
    timestamp: u64,
    value: String,
}

/// What spans of one process have in common: service, address, version.
type Process = (String, Option<String>, Option<String>);

/// The version of each service and address in a request; `None` if there are several. Zipkin has no tags of processes, so clients write them
/// on the first span of a trace.
type Versions = HashMap<(String, Option<String>), Option<String>>;

fn note_version(span: &ZipkinSpan, versions: &mut Versions) {
    let Some(version) = span.tags.as_ref().and_then(|tags| tags.get(VERSION)) else { return };
    let version = text(version.clone());
    versions
        .entry(process(&span.local_endpoint))
        .and_modify(|known| {
            known.take_if(|known| *known != version);
        })
        .or_insert_with(|| Some(version.clone()));
}

fn process(local: &Option<Endpoint>) -> (String, Option<String>) {
    let service = local.as_ref().and_then(|local| local.service_name.clone()).unwrap_or_default();
    (service, local.as_ref().and_then(|local| local.ipv4.clone().or(local.ipv6.clone())))
}

const VERSION: &str = "service.version";

fn read(
    zipkin: ZipkinSpan,
    versions: &Versions,
    resources: &mut HashMap<Process, Arc<Resource>>,
) -> Result<Span, String> {
    let trace_id = digits(&zipkin.trace_id, 32)?.parse::<TraceId>().map_err(|_| invalid(&zipkin.trace_id))?;
    let span_id = digits(&zipkin.id, 16)?.parse::<SpanId>().map_err(|_| invalid(&zipkin.id))?;
    let parent_id = match &zipkin.parent_id {
        // Zero stands for none in old clients.
        Some(id) if !id.bytes().all(|digit| digit == b'0') => Some(digits(id, 16)?.parse().map_err(|_| invalid(id))?),
        _ => None,
    };
    let mut tags: Vec<(Text, Value)> =
        zipkin.tags.unwrap_or_default().into_iter().map(|(key, value)| (key.into(), text(value).into())).collect();
    let version = tags.iter().position(|(key, _)| key == VERSION).map(|index| tags.remove(index).1.to_string());
    let process = process(&zipkin.local_endpoint);
    let version = version.or_else(|| versions.get(&process).cloned().flatten());
    let process = (process.0, process.1, version);
    let resource = match resources.get(&process) {
        Some(resource) => resource.clone(),
        None => {
            let (service, address, version) = process.clone();
            let own = [("ip", address), (VERSION, version)];
            let own = own.into_iter().filter_map(|(key, value)| Some((key.into(), value?.into())));
            let resource = Arc::new(Resource::new(service, own.collect()));
            resources.insert(process, resource.clone());
            resource
        }
    };
    let mut span = Span::new(trace_id, span_id, resource, zipkin.name.unwrap_or_default());
    span.parent_id = parent_id;
    span.kind = zipkin.kind.and_then(|kind| SpanKind::from_tag(&kind)).unwrap_or_default();
    span.start_unix_ns = zipkin.timestamp.unwrap_or(0).saturating_mul(1000);
    span.duration_ns = zipkin.duration.unwrap_or(0).saturating_mul(1000);
    span.is_shared = zipkin.shared.unwrap_or(false);
    // The presence of the tag says that the span failed.
    span.is_failed = tags.iter().any(|(key, value)| key == "error" && value.as_text() != Some("false"));
    if let Some(remote) = zipkin.remote_endpoint {
        let peer = [
            ("peer.service", remote.service_name.map(Value::from)),
            ("peer.ipv4", remote.ipv4.map(Value::from)),
            ("peer.ipv6", remote.ipv6.map(Value::from)),
            ("peer.port", remote.port.map(|port| i64::from(port).into())),
        ];
        for (key, value) in peer {
            match value {
                Some(value) if !tags.iter().any(|(known, _)| known == key) => tags.push((key.into(), value)),
                _ => {}
            }
        }
    }
    if zipkin.debug == Some(true) {
        tags.push(("debug".into(), true.into()));
    }
    span.tags = tags;
    span.logs = zipkin.annotations.unwrap_or_default().into_iter().map(log).collect();
    Ok(span)
}

/// An annotation with fields has the form of the OpenTelemetry specification ("Zipkin", Events): `"event": {"field":"value"}`.
fn log(annotation: Annotation) -> Log {
    let unix_ns = annotation.timestamp.saturating_mul(1000);
    let json = format!("{{{}}}", annotation.value);
    let fields = match serde_json::from_str::<serde_json::Map<String, Json>>(&json) {
        Ok(event) if event.len() == 1 => event.into_iter().next(),
        _ => None,
    };
    match fields {
        Some((event, Json::Object(fields))) => {
            let fields = fields.into_iter().map(|(key, value)| (key.into(), scalar(value)));
            Log::new(unix_ns, std::iter::once(("event".into(), event.into())).chain(fields).collect())
        }
        _ => Log::new(unix_ns, vec![("event".into(), annotation.value.into())]),
    }
}

fn scalar(value: Json) -> Value {
    match value {
        Json::Bool(value) => value.into(),
        Json::String(text) => text.into(),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => number.into(),
            (_, Some(number), _) => number.into(),
            (.., number) => number.unwrap_or_default().into(),
        },
        other => Value::Json(other.to_string().into()),
    }
}

/// Zipkin's tags are text. Numbers and Booleans come from senders that do not know.
fn text(value: Json) -> String {
    match value {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

fn digits(id: &str, most: usize) -> Result<&str, String> {
    if id.is_empty() || id.len() > most { Err(invalid(id)) } else { Ok(id) }
}

fn invalid(id: &str) -> String {
    format!("invalid id {:?}", id.chars().take(40).collect::<String>())
}

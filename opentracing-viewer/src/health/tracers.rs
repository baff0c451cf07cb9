//! The tracers that the viewer knows: those of this process, which it can ask, and others by their spans.

use std::sync::{Mutex, PoisonError};

use opentracing_core::{Stats, Tracer};

use crate::model::{Text, Value};
use crate::store::{ResourceFigures, Store};

/// What is known of a tracer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TracerHealth {
    /// The name of the service.
    pub service: Text,
    /// The version of the service.
    pub version: Option<Text>,
    /// The library that made the spans, such as `opentelemetry java 1.2`, if they say so.
    pub library: Option<String>,
    /// The spans in the store.
    pub spans: u64,
    /// The distinct operation names among them.
    pub names: u64,
    /// The latest start of one of them in nanoseconds since the Unix epoch; zero without spans.
    pub latest_unix_ns: u64,
    /// What the tracer says itself, if it is in this process and [watched](crate::ViewerHandle::watch).
    pub local: Option<LocalHealth>,
    /// What looks wrong, for people.
    pub warnings: Vec<String>,
}

/// What a tracer of this process says of itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LocalHealth {
    /// Its counters.
    pub stats: Stats,
    /// [`Tracer::report`], as text of several lines.
    pub report: String,
    /// The share of new traces that the sampler has recorded, from 0 to 1; `None` if it was never asked.
    pub sampled_share: Option<f64>,
    /// Spans that were lost, for whatever reason.
    pub lost: u64,
    /// Requests of transports that were repeated.
    pub retries: u64,
    /// Spans that wait in the queues of transports.
    pub queued: u64,
}

/// Operation names of one process beyond which the warning about cardinality comes. The default of the tracer's own guard.
const MAX_NAMES: u64 = 1000;

/// The tracers of this process that are watched.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<Vec<Tracer>>);

impl Watched {
    pub(crate) fn add(&self, tracer: Tracer) {
        let mut tracers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !tracers.iter().any(|other| other.id() == tracer.id()) {
            tracers.push(tracer);
        }
    }

    /// Lets go of all tracers, which may own the viewer.
    pub(crate) fn clear(&self) {
        let tracers = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(tracers);
    }

    fn all(&self) -> Vec<Tracer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The tracers of this process first, then the others by service. Reads a column of all spans, so ask on a thread that may block.
pub(crate) fn health(store: &Store, watched: &Watched) -> Vec<TracerHealth> {
    let mut rows: Vec<TracerHealth> = store.resources().into_iter().map(from_spans).collect();
    for tracer in watched.all() {
        let service = tracer.process().map(|process| process.service().to_owned()).unwrap_or_default();
        let local = ask(&tracer);
        let index = rows.iter().position(|row| row.local.is_none() && row.service == service.as_str());
        let mut row = match index {
            Some(index) => rows.remove(index),
            None => without_spans(service),
        };
        add_warnings(&local, &mut row.warnings);
        row.local = Some(local);
        rows.insert(0, row);
    }
    rows
}

fn from_spans(figures: ResourceFigures) -> TracerHealth {
    let ResourceFigures { resource, spans, names, latest_unix_ns } = figures;
    let part = |key: &str| resource.tag(key).map(Value::to_string);
    let sdk = [part("telemetry.sdk.name"), part("telemetry.sdk.language"), part("telemetry.sdk.version")];
    let sdk: Vec<String> = sdk.into_iter().flatten().collect();
    let library = if sdk.is_empty() { part("jaeger.version") } else { Some(sdk.join(" ")) };
    let mut warnings = Vec::new();
    if names > MAX_NAMES {
        warnings.push(format!("{names} distinct operation names; do they contain ids or paths?"));
    }
    if &*resource.service == "unknown_service" {
        warnings.push("the sender does not name its service: set service.name".to_owned());
    }
    TracerHealth {
        service: resource.service.clone(),
        version: resource.version.clone(),
        library,
        spans,
        names,
        latest_unix_ns,
        local: None,
        warnings,
    }
}

fn without_spans(service: String) -> TracerHealth {
    TracerHealth {
        service: service.into(),
        version: None,
        library: None,
        spans: 0,
        names: 0,
        latest_unix_ns: 0,
        local: None,
        warnings: Vec::new(),
    }
}

fn ask(tracer: &Tracer) -> LocalHealth {
    let stats = tracer.stats();
    LocalHealth {
        report: tracer.report().to_string(),
        sampled_share: stats.sampling_rate(),
        lost: stats.lost(),
        retries: stats.transports.iter().map(|transport| transport.retries).sum(),
        queued: stats.transports.iter().map(|transport| transport.queued).sum(),
        stats,
    }
}

fn add_warnings(local: &LocalHealth, warnings: &mut Vec<String>) {
    if local.lost > 0 {
        warnings.push(format!("{} spans were lost", local.lost));
    }
    for transport in &local.stats.transports {
        if let Some(error) = &transport.last_error {
            warnings.push(format!("{}: {error}", transport.name));
        }
    }
    if local.stats.excess_names > 0 {
        warnings.push(format!("{} spans beyond the limit of distinct operation names", local.stats.excess_names));
    }
}

//! A server from which spans are read back.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::backends::seen::{Seen, compare};
use crate::backends::{collector, jaeger, otlp, zipkin};
use crate::support::net::{ask_until, get};

/// A server and its query API.
#[derive(Debug)]
pub(crate) enum Backend {
    Collector { from: From, lines: collector::Lines },
    Jaeger { from: From, api: String },
    Zipkin { api: String },
}

/// The format in which it received spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Jaeger,
    Otlp,
    Zipkin,
}

impl From {
    /// A span as it should look after this format.
    pub(crate) fn view(self, span: Seen) -> Seen {
        match self {
            From::Jaeger => jaeger::view(span),
            From::Otlp => otlp::view(span),
            From::Zipkin => zipkin::view(span),
        }
    }
}

impl Backend {
    /// Waits until these spans are there, and checks that their traces contain no others.
    #[track_caller]
    pub(crate) fn check(&self, recorded: &[Seen]) {
        let traces = recorded.iter().map(|span| span.trace.clone()).collect::<BTreeSet<_>>();
        let traces = traces.into_iter().collect::<Vec<_>>();
        let seen = ask_until(|| self.look(&traces), |seen| seen.len() >= recorded.len());
        compare(&format!("{self:?}"), recorded.iter().map(|span| self.expected(span.clone())), seen);
    }

    /// The current spans of these traces.
    pub(crate) fn look(&self, traces: &[String]) -> Vec<Seen> {
        let each = |url: &dyn Fn(&str) -> String, read: &dyn Fn(&Value) -> Vec<Seen>| {
            // As written: a 64-bit id has 16 digits.
            let ids = traces.iter().map(|id| id.strip_prefix("0000000000000000").unwrap_or(id));
            ids.filter_map(|id| ask(&url(id))).flat_map(|json| read(&json)).collect()
        };
        match self {
            Backend::Collector { from, lines } => lines.look(*from, traces),
            // The raw form: otherwise Jaeger moves spans whose times do not fit their parent's.
            Backend::Jaeger { from, api } => {
                each(&|id| format!("{api}/api/traces/{id}?raw=true"), &|json| jaeger::read(*from, json))
            }
            Backend::Zipkin { api } => each(&|id| format!("{api}/api/v2/trace/{id}"), &zipkin::read),
        }
    }

    fn expected(&self, span: Seen) -> Seen {
        match self {
            Backend::Collector { from, .. } => collector::view(from.view(span)),
            Backend::Jaeger { from, .. } => jaeger::view_from(*from, from.view(span)),
            Backend::Zipkin { .. } => zipkin::lower_case(zipkin::view(span)),
        }
    }
}

/// Empty while the server does not know the trace.
fn ask(url: &str) -> Option<Value> {
    match get(url) {
        (404, _) => None,
        // Zipkin's answer ends in zero bytes if a text in it is shorter than calculated.
        (200, body) => Some(serde_json::from_slice(without_zeros(&body)).expect("the answer is JSON")),
        (status, body) => panic!("{url}: {status}, {}", String::from_utf8_lossy(&body)),
    }
}

fn without_zeros(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &body[..end]
}

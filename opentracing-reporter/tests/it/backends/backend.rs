//! Where spans are read back from.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::backends::net::{ask_until, get};
use crate::backends::seen::{Seen, compare};
use crate::backends::{collector, jaeger, otlp, zipkin};

/// A server, and where it shows what it has.
#[derive(Debug)]
pub(crate) enum Backend {
    Collector { from: From, lines: collector::Lines },
    Jaeger { from: From, api: String },
    Zipkin { api: String },
}

/// In whose form spans came to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Jaeger,
    Otlp,
    Zipkin,
}

impl From {
    /// What is left of a span in that form.
    pub(crate) fn view(self, span: Seen) -> Seen {
        match self {
            From::Jaeger => jaeger::view(span),
            From::Otlp => otlp::view(span),
            From::Zipkin => zipkin::view(span),
        }
    }
}

impl Backend {
    /// These spans are there, once they have had their time, and no others of their traces.
    #[track_caller]
    pub(crate) fn check(&self, recorded: &[Seen]) {
        let traces = recorded.iter().map(|span| span.trace.clone()).collect::<BTreeSet<_>>();
        let traces = traces.into_iter().collect::<Vec<_>>();
        let seen = ask_until(|| self.look(&traces), |seen| seen.len() >= recorded.len());
        compare(&format!("{self:?}"), recorded.iter().map(|span| self.expected(span.clone())), seen);
    }

    /// What is there now of these traces.
    pub(crate) fn look(&self, traces: &[String]) -> Vec<Seen> {
        let each = |url: &dyn Fn(&str) -> String, read: &dyn Fn(&Value) -> Vec<Seen>| {
            // As they were written: an id of 64 bits has 16 digits.
            let ids = traces.iter().map(|id| id.strip_prefix("0000000000000000").unwrap_or(id));
            ids.filter_map(|id| ask(&url(id))).flat_map(|json| read(&json)).collect()
        };
        match self {
            Backend::Collector { from, lines } => lines.look(*from, traces),
            // Unless it is told to, Jaeger moves spans whose times do not fit their parent's.
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

/// Nothing while the trace is not known there.
fn ask(url: &str) -> Option<Value> {
    match get(url) {
        (404, _) => None,
        // Zipkin's answer ends in zeros if some text in it takes less room than it had reckoned with.
        (200, body) => Some(serde_json::from_slice(without_zeros(&body)).expect("the answer is JSON")),
        (status, body) => panic!("{url}: {status}, {}", String::from_utf8_lossy(&body)),
    }
}

fn without_zeros(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &body[..end]
}

//! Whether each service of a chain continued the trace that it received.

use std::collections::BTreeMap;
use std::fmt;

use crate::chain::{Hop, Passage, Start};
use crate::headers::Format;
use crate::link::Link;
use crate::list::{Fault, Row};
use crate::server::ReportedSpan;

/// What a service did wrong.
#[derive(Debug)]
pub(crate) struct Complaint {
    hop: Hop,
    aspect: Aspect,
    what: String,
}

/// What a complaint is about. The list of faults names these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// There was no response.
    Response,
    /// There was no context in the headers.
    Context,
    Trace,
    Span,
    Parent,
    Sampled,
    Debug,
    /// The spans that the relay reported.
    Report,
}

impl Aspect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Aspect::Response => "response",
            Aspect::Context => "context",
            Aspect::Trace => "trace",
            Aspect::Span => "span",
            Aspect::Parent => "parent",
            Aspect::Sampled => "sampled",
            Aspect::Debug => "debug",
            Aspect::Report => "report",
        }
    }
}

impl Complaint {
    pub(crate) fn new(hop: Hop, aspect: Aspect, what: impl Into<String>) -> Self {
        Complaint { hop, aspect, what: what.into() }
    }

    /// Whether the fault covers it. Nothing excuses the relay.
    fn is_covered_by(&self, fault: &Fault) -> bool {
        self.hop == Hop::Peer && fault.covers(self.aspect.name())
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hop = if self.hop == Hop::Rust { "rust" } else { "peer" };
        write!(f, "{hop}, {}: {}", self.aspect.name(), self.what)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Ok,
    /// A listed fault of the peer.
    Fault,
    Failed,
}

impl Verdict {
    pub(crate) fn of(complaints: &[Complaint], fault: Option<&Fault>) -> Verdict {
        match (complaints, fault) {
            ([], _) => Verdict::Ok,
            (complaints, Some(fault)) if complaints.iter().all(|complaint| complaint.is_covered_by(fault)) => {
                Verdict::Fault
            }
            _ => Verdict::Failed,
        }
    }

    pub(crate) fn summary(counts: &BTreeMap<Verdict, usize>) -> String {
        let count = |verdict| counts.get(&verdict).copied().unwrap_or_default();
        let (passed, listed, failed) = (count(Verdict::Ok), count(Verdict::Fault), count(Verdict::Failed));
        format!("{passed} passed, {listed} listed faults, {failed} failed")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Ok => "ok     ",
            Verdict::Fault => "fault  ",
            Verdict::Failed => "FAILED ",
        })
    }
}

/// Checks each service against what it received, so that a fault is found where it is made.
pub(crate) fn check(row: &Row, start: Start, passages: &[Passage], reported: &[ReportedSpan]) -> Vec<Complaint> {
    let format = row.headers;
    let mut complaints = Vec::new();
    for (position, passage) in passages.iter().enumerate() {
        let mut complain = |aspect, what: String| complaints.push(Complaint::new(passage.hop, aspect, what));
        headers(format, passage, &mut complain);
        match passage.hop {
            Hop::Peer => account(row, passage, &mut complain),
            Hop::Rust => {
                spans(format, passage, reported, &mut complain);
                let trace = passage.outgoing.trace.unwrap_or_default();
                if position == 0 && start == Start::Root64 && trace > u128::from(u64::MAX) {
                    complain(Aspect::Trace, format!("started a trace with more than 64 bits: {trace:032x}"));
                }
            }
        }
    }
    complaints
}

/// Without a decision of the caller, each service keeps the trace.
fn decision(incoming: &Link) -> bool {
    incoming.sampled.unwrap_or(true)
}

fn headers(format: Format, Passage { incoming, outgoing, .. }: &Passage, complain: &mut impl FnMut(Aspect, String)) {
    let suppressed = format == Format::Instana && !decision(incoming);
    if suppressed && outgoing.sampled == Some(false) {
        return;
    }
    if outgoing.trace.is_none() || outgoing.span.is_none() {
        complain(Aspect::Context, format!("sent no context; received {incoming}, sent {outgoing}"));
        return;
    }
    if let (Some(received), Some(sent)) = (incoming.trace, outgoing.trace)
        && !format.same_trace(received, sent)
    {
        complain(Aspect::Trace, format!("changed the trace id: received {incoming}, sent {outgoing}"));
    }
    if incoming.span == outgoing.span {
        complain(Aspect::Span, format!("sent the span id of its caller: received {incoming}, sent {outgoing}"));
    }
    if outgoing.sampled != Some(decision(incoming)) {
        complain(Aspect::Sampled, format!("changed the sampling decision: received {incoming}, sent {outgoing}"));
    }
    if incoming.debug != outgoing.debug {
        complain(Aspect::Debug, format!("changed debug: received {incoming}, sent {outgoing}"));
    }
}

/// Compares what the peer says about its span with the headers.
fn account(
    row: &Row,
    Passage { incoming, outgoing, account, .. }: &Passage,
    complain: &mut impl FnMut(Aspect, String),
) {
    let format = row.headers;
    let suppressed = format == Format::Instana && !decision(incoming);
    if let (Some(trace), Some(sent)) = (account.trace(), outgoing.trace)
        && !format.same_trace(trace, sent)
    {
        complain(Aspect::Trace, format!("is in trace {trace:032x}, but sent {outgoing}"));
    }
    // A peer that joins the span of its caller also has that span's parent.
    let joins = row.format.ends_with("-joined") && account.server() == incoming.span;
    if let Some(parent) = account.parent()
        && parent != incoming.span
        && !suppressed
        && !joins
    {
        complain(
            Aspect::Parent,
            format!("has the parent {:016x}, but received {incoming}", parent.unwrap_or_default()),
        );
    }
    if let Some(client) = account.client()
        && Some(client) != outgoing.span
        && !suppressed
    {
        complain(Aspect::Span, format!("called from span {client:016x}, but sent {outgoing}"));
    }
    if account.server().is_none() {
        complain(Aspect::Span, "has no span".to_owned());
    }
    if let Some(sampled) = account.sampled
        && sampled != decision(incoming)
    {
        complain(Aspect::Sampled, format!("has the decision {sampled}, but received {incoming}"));
    }
}

/// Compares the reported spans of the relay with the headers.
fn spans(
    format: Format,
    Passage { incoming, outgoing, .. }: &Passage,
    reported: &[ReportedSpan],
    complain: &mut impl FnMut(Aspect, String),
) {
    let Some(trace) = outgoing.trace else { return };
    let of_trace = |span: &&ReportedSpan| span.trace().is_some_and(|other| format.same_trace(other, trace));
    let mut spans = reported.iter().filter(of_trace);
    if !decision(incoming) {
        // A peer in between may have changed the decision for the relay's next spans.
        if spans.any(|span| span.parent() == incoming.span || span.id() == outgoing.span) {
            complain(Aspect::Report, "reported a span of a trace that is not sampled".to_owned());
        }
        return;
    }
    let server = spans.clone().find(|span| span.is("SERVER") && span.parent() == incoming.span);
    let Some(server) = server else {
        complain(Aspect::Report, format!("reported no server span whose parent is in {incoming}"));
        return;
    };
    if !spans.any(|span| span.is("CLIENT") && span.parent() == server.id() && span.id() == outgoing.span) {
        complain(Aspect::Report, format!("reported no client span for {outgoing}"));
    }
}

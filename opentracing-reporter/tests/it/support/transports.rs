//! Transports with scripted behaviour.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, Tracer};
use opentracing_reporter::{SendOutcome, SendReason, Transport};

/// A time-out that no test reaches unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// A delay that is longer than any test.
pub(crate) const NEVER: Duration = Duration::from_secs(3600);

/// Keeps the names of spans until the closure takes them. Each send calls the closure.
pub(crate) struct Scripted<F> {
    names: Vec<String>,
    delay: Option<Duration>,
    script: F,
}

impl<F: FnMut(SendReason, &mut Vec<String>) -> SendOutcome + Send + 'static> Transport for Scripted<F> {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.names.push(span.operation_name().to_owned());
    }

    fn pending(&self) -> usize {
        self.names.len()
    }

    fn send(&mut self, reason: SendReason, _: Instant) -> SendOutcome {
        (self.script)(reason, &mut self.names)
    }

    fn batch_delay(&self) -> Option<Duration> {
        self.delay
    }
}

impl<F> Scripted<F> {
    /// Overrides the reporter's delay.
    pub(crate) fn after(self, delay: Duration) -> Self {
        Scripted { delay: Some(delay), ..self }
    }
}

pub(crate) fn scripted<F: FnMut(SendReason, &mut Vec<String>) -> SendOutcome + Send + 'static>(
    script: F,
) -> Scripted<F> {
    Scripted { names: Vec::new(), delay: None, script }
}

/// The reason and the spans of one send.
pub(crate) type Sent = (SendReason, Vec<String>);

/// Sends everything at once, to a channel.
pub(crate) fn channelled() -> (impl Transport, Receiver<Sent>) {
    let (sender, receiver) = channel();
    (scripted(move |reason, names| forward(&sender, reason, names)), receiver)
}

pub(crate) fn forward(sender: &Sender<Sent>, reason: SendReason, names: &mut Vec<String>) -> SendOutcome {
    let names = std::mem::take(names);
    let outcome = SendOutcome::sent(names.len());
    // The test may already have ended.
    let _ = sender.send((reason, names));
    outcome
}

/// Starts and finishes spans named 0, 1, 2 and so on.
pub(crate) fn finish_spans(tracer: &Tracer, spans: usize) {
    for number in 0..spans {
        tracer.span(number.to_string()).start().finish();
    }
}

/// The names of the first spans.
pub(crate) fn names(spans: usize) -> Vec<String> {
    (0..spans).map(|number| number.to_string()).collect()
}

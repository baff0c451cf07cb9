//! Requests in Jaeger's Thrift format.

use std::cell::Cell;

use opentracing_core::{FinishedSpan, Process};

use super::binary::Binary;
use super::compact::Compact;
use super::frame::{DropCounts, write_batch, write_message};
use super::span::{read_operation, write_process, write_service, write_span};
use crate::batch::{Detail, EncodedBatch, EncodedSpans, Encoding, RequestLimits};

/// The largest datagram that an agent accepts.
const PACKET_BYTES: usize = 65_000;
/// The maximum size of the rest of a datagram: the start of the call, the length of the list, sequence number and statistics of the batch.
const FRAME_BYTES: usize = 100;
const REQUEST_BYTES: usize = 4 << 20;

/// The Thrift protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// For messages to an agent.
    Compact,
    /// For batches to a collector.
    Binary,
}

/// An encoded span is a `Span` struct.
#[derive(Debug)]
pub(super) struct JaegerEncoding {
    wire: Wire,
    bytes: usize,
    process_bytes: usize,
    pub(super) dropped: DropCounts,
    /// The number of the last batch. A batch that is retried gets a new one: the agent counts what arrives.
    sequence: Cell<i64>,
}

impl JaegerEncoding {
    pub(super) fn new(wire: Wire) -> Self {
        let bytes = match wire {
            Wire::Compact => PACKET_BYTES,
            Wire::Binary => REQUEST_BYTES,
        };
        JaegerEncoding { wire, bytes, process_bytes: 0, dropped: DropCounts::default(), sequence: Cell::new(0) }
    }

    pub(super) fn name(&self) -> &'static str {
        match self.wire {
            Wire::Compact => "jaeger-udp",
            Wire::Binary => "jaeger",
        }
    }

    pub(super) fn set_packet_bytes(&mut self, bytes: usize) {
        if self.wire == Wire::Compact {
            self.bytes = bytes.min(PACKET_BYTES);
        }
    }
}

impl Encoding for JaegerEncoding {
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        match self.wire {
            Wire::Compact => write_span::<Compact>(span, detail, out),
            Wire::Binary => write_span::<Binary>(span, detail, out),
        }
        if detail == Detail::Reduced && out.len() - start > self.limits().bytes.saturating_sub(self.process_bytes) {
            self.dropped.too_large += 1;
        }
        1
    }

    fn process(&mut self, process: &Process, out: &mut Vec<u8>) {
        let start = out.len();
        match self.wire {
            Wire::Compact => write_process::<Compact>(process, out),
            Wire::Binary => write_process::<Binary>(process, out),
        }
        self.process_bytes = out.len() - start;
    }

    fn frame(&self, process: &[u8], spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        let sequence = self.sequence.get() + 1;
        self.sequence.set(sequence);
        match self.wire {
            Wire::Compact => write_message::<Compact>(process, spans, sequence, self.dropped, out),
            Wire::Binary => write_batch::<Binary>(process, spans, sequence, self.dropped, out),
        }
    }

    fn operation(&self, span: &[u8]) -> Option<String> {
        match self.wire {
            Wire::Compact => read_operation::<Compact>(span),
            Wire::Binary => read_operation::<Binary>(span),
        }
    }

    /// With a process, which a batch must have.
    fn without_spans(&self) -> Vec<u8> {
        let (mut process, mut body) = (Vec::new(), Vec::new());
        match self.wire {
            Wire::Compact => write_service::<Compact>("opentracing", &mut process),
            Wire::Binary => write_service::<Binary>("opentracing", &mut process),
        }
        self.frame(&process, EncodedBatch::default().spans(), &mut body);
        body
    }

    fn content_type(&self) -> &'static str {
        "application/x-thrift"
    }

    fn limits(&self) -> RequestLimits {
        RequestLimits { bytes: self.bytes.saturating_sub(FRAME_BYTES), ..RequestLimits::default() }
    }
}

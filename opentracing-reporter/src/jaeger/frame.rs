//! The frame around spans: `Batch` (jaeger-idl, `jaeger.thrift`), and the call `emitBatch` with it (`agent.thrift`).

use super::thrift::{Protocol, STOP, Struct};
use crate::batch::EncodedSpans;

/// The numbers of spans that were dropped so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DropCounts {
    /// The queue was full.
    pub(super) queue_full: u64,
    /// Too large for any request. Included in `total`.
    pub(super) too_large: u64,
    /// All that the transport dropped.
    pub(super) total: u64,
}

/// Writes a batch. Process and spans are already encoded as complete structs.
pub(super) fn write_batch<P: Protocol>(
    process: &[u8],
    spans: EncodedSpans<'_>,
    sequence: i64,
    dropped: DropCounts,
    out: &mut Vec<u8>,
) {
    let mut batch = Struct::<P>::new(out);
    batch.nested(1).extend_from_slice(process);
    let list = batch.list(2, spans.iter().count());
    spans.iter().for_each(|span| list.extend_from_slice(span));
    batch.i64(3, sequence);
    let mut stats = Struct::<P>::new(batch.nested(4));
    stats.i64(1, dropped.queue_full as i64);
    stats.i64(2, dropped.too_large as i64);
    stats.i64(3, dropped.total.saturating_sub(dropped.too_large) as i64);
    stats.end();
    batch.end();
}

/// Writes the message to an agent: a call with the batch as its argument.
pub(super) fn write_message<P: Protocol>(
    process: &[u8],
    spans: EncodedSpans<'_>,
    sequence: i64,
    dropped: DropCounts,
    out: &mut Vec<u8>,
) {
    P::call(out, "emitBatch", sequence as i32);
    write_batch::<P>(process, spans, sequence, dropped, out);
    out.push(STOP);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::{Duration, Instant, SystemTime};

    use opentracing_core::{Batch, IdGenerator, Reporter, SpanContext, SpanId, TraceId, Tracer};

    use super::DropCounts;
    use crate::connection::{Answer, Channel};
    use crate::export::Exporter;
    use crate::jaeger::encoding::{JaegerEncoding, Wire};
    use crate::transport::SendReason;

    /// Takes requests without sending them.
    struct Bodies(Sender<Vec<u8>>);

    impl Channel for Bodies {
        fn start(&mut self, body: Vec<u8>, _: &'static str) {
            self.0.send(body).expect("the test listens");
        }

        fn answer(&mut self, _: Duration) -> Option<Answer> {
            Some(Answer::Accepted(Vec::new()))
        }

        fn cancel(&mut self) {}
    }

    struct Sends(Exporter<JaegerEncoding, Bodies>);

    impl Reporter for Sends {
        fn report(&mut self, batch: Batch<'_>) {
            batch.iter().for_each(|span| self.0.add(span));
            let _ = self.0.send(SendReason::Flush, Instant::now());
        }
    }

    #[derive(Debug)]
    struct Known;

    impl IdGenerator for Known {
        fn trace_id(&self) -> TraceId {
            TraceId::from_parts(u64::MAX, 0x0123_4567_89ab_cdef)
        }

        fn span_id(&self) -> SpanId {
            SpanId::new(0x1122_3344_5566_7788)
        }
    }

    /// A span cannot be dropped before the first batch through the public API, so the whole vectors are checked here.
    #[track_caller]
    fn check(name: &str, wire: Wire) {
        let (sender, bodies) = channel();
        let mut exporter = Exporter::new(JaegerEncoding::new(wire), Bodies(sender));
        exporter.encoding.dropped = DropCounts { queue_full: 2, too_large: 0, total: 1 };
        let builder = Tracer::builder("svc").tag("hostname", "h1").id_generator(Known);
        let tracer = builder.build_inline(Sends(exporter));

        let at = |us: u64| SystemTime::UNIX_EPOCH + Duration::from_micros(1_500_000_000_000_000 + us);
        let before = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(2));
        let mut span = tracer.span("op").follows_from(&before).new_trace().start_time(at(0)).start();
        span.set_tag("s", "v").set_tag("b", true).set_tag("bf", false).set_tag("l", -3).set_tag("d", 1.5);
        span.log_kv_at(at(500), &[("event", "e".into())]);
        span.finish_at(at(1500));
        assert_eq!(tracer.flush(Duration::from_secs(20)), Ok(()));

        let body = bodies.try_recv().expect("a request was sent");
        let digits: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        let lines = include_str!("../../tests/data/jaeger-thrift.txt").lines();
        let expected: String =
            lines.skip_while(|line| *line != name).skip(1).take_while(|line| !line.is_empty()).collect();
        assert_eq!(digits, expected);
    }

    #[test]
    fn writes_the_bytes_of_jaegers_own_client() {
        check("compact", Wire::Compact);
        check("binary", Wire::Binary);
    }
}

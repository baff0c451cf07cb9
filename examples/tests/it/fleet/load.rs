//! Traces of three services, two of which report to one agent and the third to the other.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use opentracing_core::propagation::TextMap;
use opentracing_core::{Span, SpanContext, SpanKind, Tracer, tags};
use opentracing_reporter::{BatchReporter, FlushGuard, Otlp};

use crate::fleet::tiers::Collector;

/// What distinguishes a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// Fast, without errors.
    Ordinary,
    /// The span of the payment failed, at the far end of the trace.
    Failed,
    /// The span of the order took two seconds.
    Slow,
    /// A person set `sampling.priority`.
    AskedFor,
    /// A health check that failed.
    HealthCheck,
}

/// The ids of all spans of each trace.
pub(crate) type Sent = HashMap<String, (Kind, HashSet<String>)>;

/// How many spans each trace has.
pub(crate) const SPANS: usize = 6;
/// A card that a careless service recorded.
pub(crate) const CARD: &str = "4111111111111111";

const FLUSH_TIMEOUT: Duration = Duration::from_secs(120);
const CHUNK: usize = 500;

pub(crate) struct Services {
    front_end: (Tracer, FlushGuard),
    order: (Tracer, FlushGuard),
    payment: (Tracer, FlushGuard),
}

impl Services {
    /// The order service reports to the second agent, the others to the first one.
    pub(crate) fn start(first: &Collector, second: &Collector) -> Services {
        let http = |agent: &Collector| Otlp::http(&*format!("http://127.0.0.1:{}", agent.http)).unwrap();
        let grpc = |agent: &Collector| Otlp::grpc(&*format!("http://127.0.0.1:{}", agent.grpc)).unwrap();
        Services {
            front_end: service("front-end", http(first)),
            order: service("order", grpc(second)),
            payment: service("payment", http(first)),
        }
    }

    /// Makes traces of this kind, and waits until the agents have accepted their spans.
    pub(crate) fn send(&self, kind: Kind, traces: usize, sent: &mut Sent) {
        for chunk in 0..traces.div_ceil(CHUNK) {
            for _ in 0..CHUNK.min(traces - chunk * CHUNK) {
                let (trace, spans) = self.trace(kind);
                sent.insert(trace, (kind, spans));
            }
            for (tracer, _) in [&self.front_end, &self.order, &self.payment] {
                tracer.flush(FLUSH_TIMEOUT).unwrap();
            }
        }
    }

    /// The bytes of a span on its way to an agent, uncompressed.
    pub(crate) fn bytes_per_span(&self) -> u64 {
        let stats = [&self.front_end, &self.order, &self.payment].map(|(tracer, _)| tracer.stats());
        let transports = stats.iter().flat_map(|stats| &stats.transports);
        let (bytes, spans) = transports.fold((0, 0), |(bytes, spans), stats| (bytes + stats.bytes, spans + stats.sent));
        bytes / spans.max(1)
    }

    /// A request to the front-end, which calls the order service, which calls the payment service. Times are made up, so nothing waits.
    fn trace(&self, kind: Kind) -> (String, HashSet<String>) {
        let begun = SystemTime::now() - Duration::from_secs(3);
        let at = |ms| begun + Duration::from_millis(ms);
        let (front_end, order, payment) = (&self.front_end.0, &self.order.0, &self.payment.0);
        let route = if kind == Kind::HealthCheck { "/health" } else { "/buy" };
        let slow = if kind == Kind::Slow { 2_000 } else { 0 };

        let mut request = front_end.span(format!("POST {route}")).kind(SpanKind::Server).start_time(at(0)).start();
        request.set(tags::HTTP_ROUTE, route);
        if kind == Kind::AskedFor {
            request.set_tag("sampling.priority", 1);
        }
        let call = |from: &Tracer, parent: &Span, peer: &str, start, end| {
            let mut span = from.span("POST").kind(SpanKind::Client).child_of(parent).start_time(at(start)).start();
            span.set(tags::PEER_SERVICE, peer);
            let mut carrier = HashMap::new();
            from.inject(&context(&span), TextMap, &mut carrier).unwrap();
            let id = context(&span).span_id().to_string();
            span.finish_at(at(end));
            (id, carrier)
        };
        let serve = |at_service: &Tracer, carrier: &HashMap<String, String>, name: &'static str, start| {
            let caller = at_service.extract(TextMap, carrier).unwrap().unwrap();
            at_service.span(name).kind(SpanKind::Server).child_of(&caller).start_time(at(start)).start()
        };
        let (to_order, carrier) = call(front_end, &request, "order", 1, 40 + slow);
        let ordering = serve(order, &carrier, "POST /orders", 2);
        let (to_payment, carrier) = call(order, &ordering, "payment", 3, 20);
        let mut paying = serve(payment, &carrier, "POST /charge", 4);
        paying.set_tag("note", format!("charged {CARD} today"));
        let mut bank = payment.span("bank").child_of(&paying).start_time(at(5)).start();
        if matches!(kind, Kind::Failed | Kind::HealthCheck) {
            bank.set(tags::ERROR, true);
        }

        let trace = context(&request).trace_id().to_string();
        let mut ids = HashSet::from([to_order, to_payment]);
        ids.extend([&request, &ordering, &paying, &bank].map(|span| context(span).span_id().to_string()));
        bank.finish_at(at(15));
        paying.finish_at(at(18));
        ordering.finish_at(at(38 + slow));
        request.finish_at(at(45 + slow));
        (trace, ids)
    }
}

fn context(span: &Span) -> SpanContext {
    span.context().expect("the tracer records")
}

fn service(name: &str, otlp: Otlp) -> (Tracer, FlushGuard) {
    BatchReporter::new(otlp).queue_size(CHUNK * SPANS * 2).start(Tracer::builder(name)).unwrap()
}

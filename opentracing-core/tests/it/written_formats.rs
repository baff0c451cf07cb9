//! Which text formats a tracer writes.

use opentracing_core::Tracer;
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{Binary, Composite, HttpHeaders, KafkaHeaders};

#[test]
fn tells_the_formats_of_the_writing_list() {
    let mock =
        MockTracer::with(|builder| builder.propagator(KafkaHeaders, "tracecontext,b3".parse::<Composite>().unwrap()));
    let tracer = mock.tracer();
    for name in ["instana", "tracecontext", "b3", "baggage"] {
        assert!(tracer.injects(HttpHeaders, name), "{name}");
    }
    assert!(!tracer.injects(HttpHeaders, "jaeger"));
    assert!(tracer.injects(KafkaHeaders, "b3") && !tracer.injects(KafkaHeaders, "instana"));
    assert!(!tracer.injects(Binary, "instana"));
    assert!(!Tracer::noop().injects(HttpHeaders, "instana"));
}

//! The tracer knows where its spans go.

use opentracing_core::Tracer;
use opentracing_reporter::{
    BatchReporter, Console, Datadog, Instana, InstanaSpanFormat, Jaeger, Otlp, SendOutcome, SendReason, Transport,
    Zipkin,
};

struct Custom(&'static str);

impl Transport for Custom {
    fn name(&self) -> &'static str {
        self.0
    }

    fn add(&mut self, _: opentracing_core::FinishedSpan<'_>) {}

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: SendReason, _: std::time::Instant) -> SendOutcome {
        SendOutcome::none()
    }
}

#[test]
fn every_transport_names_its_backend() {
    #[track_caller]
    fn check(reporter: BatchReporter, backends: &[&str]) {
        let (tracer, _guard) = reporter.start(Tracer::builder("shop")).unwrap();
        for backend in ["console", "otlp", "zipkin", "jaeger", "instana", "datadog", "custom"] {
            assert_eq!(tracer.reports_to(backend), backends.contains(&backend), "{backend} of {backends:?}");
        }
    }
    // Nothing is sent, so nothing has to listen.
    const NOBODY: &str = "http://127.0.0.1:9";
    check(BatchReporter::new(Console::writer(std::io::sink())), &["console"]);
    check(BatchReporter::new(Otlp::http(NOBODY).unwrap()), &["otlp"]);
    check(BatchReporter::new(Otlp::grpc(NOBODY).unwrap()), &["otlp"]);
    check(BatchReporter::new(Zipkin::new(NOBODY).unwrap()), &["zipkin"]);
    check(BatchReporter::new(Jaeger::http(NOBODY).unwrap()), &["jaeger"]);
    check(BatchReporter::new(Jaeger::udp("127.0.0.1:9").unwrap()), &["jaeger"]);
    check(BatchReporter::new(Datadog::new()), &["datadog"]);
    check(BatchReporter::new(Instana::new()), &["instana"]);
    check(BatchReporter::new(Instana::new().span_format(InstanaSpanFormat::TraceWebService)), &["instana"]);
    check(BatchReporter::new(Instana::serverless(NOBODY, "key").unwrap()), &["instana"]);
    check(BatchReporter::new(Custom("custom")), &["custom"]);
    check(BatchReporter::new(Custom("instana-behind-a-queue")), &["instana"]);
    check(
        BatchReporter::new(Otlp::http(NOBODY).unwrap()).transport(Instana::new()).transport(Custom("else")),
        &["otlp", "instana"],
    );
    assert!(!Tracer::noop().reports_to("instana"));
}

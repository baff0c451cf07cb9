//! A service that samples by outcome in its own process.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use examples::Server;
use opentracing_core::{Metrics, Tracer, tags};
use opentracing_reporter::{BatchReporter, FlushGuard, Otlp, TailSampling};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Serves `/metrics` until it is dropped.
pub(crate) struct Worker {
    tracer: Tracer,
    pub(crate) metrics: String,
    _guard: FlushGuard,
    _server: Server,
    _runtime: Runtime,
}

impl Worker {
    pub(crate) fn start(collector: &str) -> Worker {
        let tail = TailSampling::new().decide_sampled().grace(Duration::ZERO);
        let reporter = BatchReporter::new(Otlp::http(collector).unwrap()).tail_sampling(tail);
        let (tracer, guard) = reporter.start(Tracer::builder("worker")).unwrap();
        let metrics = Metrics::new(tracer.clone()).label("service", "worker");
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Router::new().route("/metrics", get(async move || metrics.page(None).into_text()));
        let server = {
            let _entered = runtime.enter();
            Server::start(listener, router)
        };
        Worker { tracer, metrics: address, _guard: guard, _server: server, _runtime: runtime }
    }

    /// A job that works and one that fails.
    pub(crate) fn work(&self) {
        self.tracer.span("job").start().finish();
        self.tracer.span("job").start().set(tags::ERROR, true);
    }
}

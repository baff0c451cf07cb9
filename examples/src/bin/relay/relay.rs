//! The service.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use examples::{BoxError, Server, interruption, say};
use opentracing_core::Tracer;
use opentracing_core::propagation::HttpHeaders;
use opentracing_reqwest::TracingClient;
use opentracing_tower::TracingLayer;
use tokio::net::TcpListener;

use crate::call::call;
use crate::options::Options;
use crate::post::post as post_list;

/// The state of the handlers.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) client: TracingClient,
}

/// The relay must respond within five seconds, even if the called services do not.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);

pub(crate) async fn run(options: Options) -> Result<ExitCode, BoxError> {
    let builder =
        Tracer::builder("relay").propagator(HttpHeaders, options.propagators).trace_id_width(options.trace_id_width);
    let (tracer, guard) = options.report.reporter()?.start(builder)?;
    // Calls go to the next service directly, not through a proxy from the environment.
    let client = TracingClient::from_builder(reqwest::Client::builder().no_proxy())
        .tracer(tracer.clone())
        .timeout(CALL_TIMEOUT)
        .build()?;
    let router = Router::new()
        .route("/call", get(call).post(post_list))
        .route("/", post(post_list))
        .route("/{*path}", post(post_list))
        .with_state(Relay { client })
        .layer(TracingLayer::with_tracer(tracer.clone()));

    let interrupted = interruption()?;
    let listener = TcpListener::bind(options.listen).await?;
    say(format_args!("listening on http://{}", listener.local_addr()?));
    let server = Server::start(listener, router);
    interrupted.await;
    server.stop().await;

    // An unreachable backend is no failure of the service. Lost spans are printed below.
    let _ = guard.close(Duration::from_secs(5));
    let stats = tracer.stats();
    let lost = stats.lost();
    say(format_args!("reported to\n{}spans lost: {lost}", options.report.deliveries(&[stats])));
    Ok(ExitCode::SUCCESS)
}

/// The error and its sources in one line.
pub(crate) fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

//! A request with reqwest, traced by a wrapped client. Start the program `server`, then `cargo run -p examples --bin client`.

use std::env;
use std::error::Error;

use opentracing_core::{InSpan, Tracer};
use opentracing_reporter::{BatchReporter, Console};
use opentracing_reqwest::TracingClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (tracer, _guard) = BatchReporter::new(Console::stdout()).start(Tracer::builder("visitor"))?;

    let client = TracingClient::builder().tracer(tracer.clone()).peer_service("greeter").build()?;

    let url = env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/hello/you".to_owned());
    let visit = async { client.get(&url).send().await?.text().await };
    let greeting = visit.in_span(tracer.span("visit").start()).await?;
    examples::say(greeting.trim());
    Ok(())
}

//! An axum server, traced by one layer. `cargo run -p examples --bin server`, then `curl http://127.0.0.1:8080/hello/you`.

use std::env;
use std::error::Error;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Console};
use opentracing_tower::TracingLayer;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (tracer, _guard) = BatchReporter::new(Console::stdout()).start(Tracer::builder("greeter"))?;

    let router = Router::new().route("/hello/{name}", get(hello)).layer(TracingLayer::with_tracer(tracer));

    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    examples::say(format_args!("listening on http://{}", listener.local_addr()?));
    let interrupted = examples::interruption()?;
    axum::serve(listener, router).with_graceful_shutdown(interrupted).await?;
    Ok(())
}

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}!\n")
}

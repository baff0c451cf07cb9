//! A unary gRPC call, untraced and traced.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::{Ready, ready};
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use opentracing_core::propagation::{Composite, HttpHeaders, TraceContext};
use opentracing_core::{ConstSampler, Tracer};
use opentracing_tonic::{TracingClientLayer, TracingLayer};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::adapter::{bursts, median, text, tracer};
use crate::measure::Allocations;
use crate::subject::Received;

/// Calls per measurement. Few enough that most bursts end before the thread is preempted.
const BURST: u32 = 20;
const FLUSH: Duration = Duration::from_secs(60);

/// Measures the overhead of [`TracingLayer`] and [`TracingClientLayer`] for a unary call, and prints a table. Takes the options `--quick`
/// and `--rounds`. Does nothing with `--case`, which selects cases of another bench.
///
/// Client and server share a thread, so the time of a call is the work of both. Spans are read on another thread. The kinds of calls
/// take turns after each burst.
///
/// # Errors
///
/// If a call fails, a span is missing, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, allocations: Allocations) -> Result<(), String> {
    let Some(bursts) = bursts(arguments, 200)? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    let table = runtime.block_on(measure(bursts, allocations))?;
    write!(std::io::stdout(), "{table}").map_err(text)
}

async fn measure(bursts: u32, allocations: Allocations) -> Result<String, String> {
    let received = Received::default();
    let sampled = tracer(Tracer::builder("bench"), &received);
    let one_format = Composite::empty().with(TraceContext::new());
    let one_format = tracer(Tracer::builder("bench").propagator(HttpHeaders, one_format), &received);
    let unsampled = tracer(Tracer::builder("bench").sampler(ConstSampler::off()), &received);
    let mut callers = Vec::new();
    for (name, client, server) in [
        ("bare", None, None),
        ("client traced", Some(&sampled), None),
        ("server traced", None, Some(&sampled)),
        ("both traced", Some(&sampled), Some(&sampled)),
        ("both, `traceparent` alone", Some(&one_format), Some(&one_format)),
        ("both, not sampled", Some(&unsampled), Some(&unsampled)),
    ] {
        callers.push((name, caller(client, server).await?));
    }
    let mut taken = vec![Vec::new(); callers.len()];
    let mut allocated = vec![Vec::new(); callers.len()];
    for burst in 0..=bursts {
        for (at, (_, caller)) in callers.iter_mut().enumerate() {
            let (before, start) = (allocations(), Instant::now());
            for _ in 0..BURST {
                caller.call().await.map_err(text)?;
            }
            let (took, made) = (start.elapsed(), allocations() - before);
            // The first burst connects.
            if burst > 0 {
                taken[at].push(took.as_nanos() as f64 / 1e3 / f64::from(BURST));
                allocated[at].push(made as f64 / f64::from(BURST));
            }
            sampled.flush(FLUSH).map_err(text)?;
            one_format.flush(FLUSH).map_err(text)?;
        }
    }
    // Two kinds trace one side, and two kinds trace both sides.
    let expected = u64::from((bursts + 1) * BURST * 6);
    if received.count() != expected {
        return Err(format!("received {} of {expected} spans", received.count()));
    }
    let mut table = format!("A unary gRPC call, {bursts} bursts of {BURST} calls each\n\n");
    table.push_str("| call | µs | ratio (best) | µs more | allocations | more |\n|---|---:|---:|---:|---:|---:|\n");
    let (bare, bare_made) = (median(&mut taken[0]), median(&mut allocated[0]));
    let bare_best = taken[0][0];
    for (at, (name, _)) in callers.iter().enumerate() {
        // `median` has sorted the figures.
        let (time, made) = (median(&mut taken[at]), median(&mut allocated[at]));
        let (ratio, best, more) = (time / bare, taken[at][0] / bare_best, time - bare);
        let made_more = made - bare_made;
        let _ = writeln!(
            table,
            "| {name} | {time:.1} | {ratio:.2} ({best:.2}) | {more:+.1} | {made:.0} | {made_more:+.0} |"
        );
    }
    Ok(table)
}

/// A server on a loopback port, and its client.
async fn caller(client: Option<&Tracer>, server: Option<&Tracer>) -> Result<Box<dyn Call>, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
    let address = listener.local_addr().map_err(text)?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    match server {
        None => drop(tokio::spawn(Server::builder().add_service(Echo).serve_with_incoming(incoming))),
        Some(tracer) => {
            let mut traced = Server::builder().layer(TracingLayer::with_tracer(tracer.clone()));
            drop(tokio::spawn(traced.add_service(Echo).serve_with_incoming(incoming)));
        }
    }
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(text)?;
    let channel: Channel = endpoint.connect().await.map_err(text)?;
    Ok(match client {
        None => Box::new(Grpc::new(channel)),
        Some(tracer) => {
            let layer = TracingClientLayer::with_tracer(tracer.clone()).peer(&endpoint).peer_service("echo");
            Box::new(Grpc::new(layer.wrap(channel)))
        }
    })
}

/// A call with any type of channel.
trait Call {
    fn call(&mut self) -> Pin<Box<dyn Future<Output = Result<(), Status>> + '_>>;
}

impl<T> Call for Grpc<T>
where
    T: GrpcService<Body>,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn call(&mut self) -> Pin<Box<dyn Future<Output = Result<(), Status>> + '_>> {
        Box::pin(async {
            self.ready().await.map_err(|error| Status::from_error(error.into()))?;
            let (request, path) = (Request::new("hello".to_owned()), PathAndQuery::from_static("/bench.Echo/Unary"));
            self.unary(request, path, ProstCodec::<String, String>::default()).await.map(drop)
        })
    }
}

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "bench.Echo";
}

impl UnaryService<String> for Echo {
    type Response = String;
    type Future = Ready<Result<Response<String>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default());
            Ok(grpc.unary(Echo, request).await)
        })
    }
}

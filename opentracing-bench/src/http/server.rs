//! The rows for servers.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::http::site::Site;
use crate::http::wire::Connection;
use crate::http::{Seen, Verdict, good_if, lasts, spans, successful};

/// An adapter for servers.
pub trait ServerPeer {
    /// Adds the adapter to the router.
    fn wrap(&self, router: Router) -> Router;

    /// The spans that were reported since the last call.
    fn take(&self) -> Vec<Seen>;
}

/// The titles of the rows.
pub fn server_titles() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.title).collect()
}

/// Judges an adapter by each row. Where a span must last, the request lasts at least `gap`.
///
/// # Errors
///
/// If a loopback connection fails.
pub async fn judge_server(peer: &dyn ServerPeer, gap: Duration) -> io::Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for row in ROWS {
        let run = Run::start(peer, gap).await?;
        peer.take();
        verdicts.push(match (row.judge)(&run).await {
            Ok(verdict) => verdict,
            Err(NoSpan) => Verdict::Bad("no span".to_owned()),
        });
    }
    Ok(verdicts)
}

struct Row {
    title: &'static str,
    judge: for<'a> fn(&'a Run<'a>) -> Judged<'a>,
}

type Judged<'a> = Pin<Box<dyn Future<Output = Result<Verdict, NoSpan>> + 'a>>;

/// The adapter recorded no span.
struct NoSpan;

impl From<io::Error> for NoSpan {
    fn from(_: io::Error) -> Self {
        NoSpan
    }
}

macro_rules! rows {
    ($($title:literal: |$run:ident| $judge:block)*) => {
        &[$(Row {
            title: $title,
            judge: |$run| Box::pin(async move { $judge }),
        }),*]
    };
}

const ROWS: &[Row] = rows! {
    "`GET` with a known body: not marked as failed" : |run| { Ok(successful(&run.span_of("GET /users/7", "").await?)) }
    "`HEAD`: not marked as failed" : |run| { Ok(successful(&run.span_of("HEAD /users/7", "").await?)) }
    "`HEAD` of a stream: not marked as failed" : |run| { Ok(successful(&run.span_of("HEAD /stream", "").await?)) }
    "204: not marked as failed" : |run| { Ok(successful(&run.span_of("GET /empty", "").await?)) }
    "a stream with `content-length`, read to the end: not marked as failed" : |run| {
        run.site.gate.add_permits(1);
        Ok(successful(&run.span_of("GET /sized", "").await?))
    }
    "a stream, read to the end: not marked as failed" : |run| {
        run.site.gate.add_permits(1);
        Ok(successful(&run.span_of("GET /stream", "").await?))
    }
    "a stream: the span ends with the stream" : |run| {
        let mut connection = run.request("GET /stream", "").await?;
        connection.until("one").await?;
        run.wait().await;
        if let Some(span) = run.peer.take().pop() {
            return Ok(early(&span, run.gap));
        }
        run.site.gate.add_permits(1);
        connection.read_to_end().await;
        Ok(lasts(&run.one().await?, run.gap))
    }
    "client disconnects during a stream: the span ends then" : |run| {
        let mut connection = run.request("GET /stream", "").await?;
        connection.until("one").await?;
        run.wait().await;
        if let Some(span) = run.peer.take().pop() {
            return Ok(early(&span, run.gap));
        }
        drop(connection);
        Ok(lasts(&run.one().await?, run.gap))
    }
    "client disconnects during a stream: recorded" : |run| {
        let mut connection = run.request("GET /stream", "").await?;
        connection.until("one").await?;
        drop(connection);
        let span = run.one().await?;
        Ok(good_if(span.is_unsuccessful(), || "not recorded".to_owned()))
    }
    "client disconnects before the response: the span ends then" : |run| {
        Ok(lasts(&run.disconnected().await?, run.gap))
    }
    "client disconnects before the response: recorded" : |run| {
        let span = run.disconnected().await?;
        Ok(good_if(span.is_unsuccessful(), || "not recorded".to_owned()))
    }
    "handler panics: marked as an error" : |run| {
        let span = run.span_of("GET /trap", "").await?;
        Ok(good_if(span.is_failed, || "no error".to_owned()))
    }
    "handler panics: distinguished from a disconnect" : |run| {
        let span = run.span_of("GET /trap", "").await?;
        Ok(good_if(span.mentions("panic"), || if span.mentions("cancel") { "cancelled" } else { "not recorded" }.to_owned()))
    }
    "500: marked as an error" : |run| {
        let span = run.span_of("GET /error", "").await?;
        Ok(good_if(span.is_failed, || "no error".to_owned()))
    }
    "404: not marked as an error" : |run| {
        let span = run.span_of("GET /nowhere", "").await?;
        Ok(good_if(!span.is_failed, || "an error".to_owned()))
    }
    "101, an upgrade: not marked as failed" : |run| {
        let mut connection = Connection::request(run.address, "GET /upgrade", "upgrade: echo\r\n").await?;
        connection.until("\r\n\r\n").await?;
        drop(connection);
        Ok(successful(&run.one().await?))
    }
    "named after method and route" : |run| {
        let span = run.span_of("GET /users/7", "").await?;
        Ok(good_if(span.name == "GET /users/{id}", || format!("`{}`", span.name)))
    }
    "paths without a route share a name" : |run| {
        let span = run.span_of("GET /nowhere/7", "").await?;
        Ok(good_if(!span.name.contains("nowhere"), || format!("`{}`", span.name)))
    }
    "unknown methods share a name" : |run| {
        let span = run.span_of("BREW /users/7", "").await?;
        Ok(good_if(!span.name.contains("BREW"), || format!("`{}`", span.name)))
    }
    "the layer on an inner and an outer router: one span" : |run| {
        let twice = Run::start_twice(run.peer, run.gap).await?;
        twice.request("GET /users/7", "").await?.read_to_end().await;
        // The connection closes after the response was dropped.
        let mut seen = spans(1, || run.peer.take()).await;
        seen.extend(run.peer.take());
        Ok(good_if(seen.len() == 1, || format!("{} spans", seen.len())))
    }
    "the version of the protocol is recorded" : |run| {
        let span = run.span_of("GET /users/7", "").await?;
        let mentions = ["protocol.version", "http.flavor", "http.version", "version=http"].iter().any(|key| span.mentions(key));
        Ok(good_if(mentions, || "not recorded".to_owned()))
    }
    "the user agent is recorded" : |run| {
        let span = run.span_of("GET /users/7", "user-agent: probe/7\r\n").await?;
        Ok(good_if(span.mentions("probe/7"), || "not recorded".to_owned()))
    }
    "events of the crate `tracing` are in the span" : |run| {
        let span = run.span_of("GET /noted", "").await?;
        Ok(good_if(span.mentions("out of stock"), || "not recorded".to_owned()))
    }
    "continues `traceparent`" : |run| { run.continues(&format!("traceparent: 00-{TRACE:032x}-00f067aa0ba902b7-01\r\n")).await }
    "continues B3" : |run| { run.continues(&format!("b3: {TRACE:032x}-00f067aa0ba902b7-1\r\n")).await }
    "continues Instana's headers" : |run| {
        let headers = format!("x-instana-t: {TRACE:032x}\r\nx-instana-s: 00f067aa0ba902b7\r\nx-instana-l: 1\r\n");
        run.continues(&headers).await
    }
    "`authorization` is not recorded" : |run| {
        let span = run.span_of("GET /users/7", "authorization: Bearer sesame\r\n").await?;
        Ok(good_if(!span.mentions("sesame"), || "exported".to_owned()))
    }
    "secrets in the query are not recorded" : |run| {
        let span = run.span_of("GET /users/7?page=2&token=sesame", "").await?;
        Ok(good_if(!span.mentions("sesame"), || "exported".to_owned()))
    }
};

fn early(span: &Seen, gap: Duration) -> Verdict {
    let whole = if gap.is_zero() { "the whole".to_owned() } else { format!("at least {} ms", gap.as_millis()) };
    Verdict::Bad(format!("ends with the head, {:.1} ms of {whole}", span.duration.as_secs_f64() * 1e3))
}

const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

/// One row of one adapter.
struct Run<'a> {
    peer: &'a dyn ServerPeer,
    site: Site,
    address: SocketAddr,
    gap: Duration,
}

impl<'a> Run<'a> {
    async fn start(peer: &'a dyn ServerPeer, gap: Duration) -> io::Result<Self> {
        let site = Site::new();
        let router = peer.wrap(site.router());
        Self::serve(peer, gap, site, router).await
    }

    async fn start_twice(peer: &'a dyn ServerPeer, gap: Duration) -> io::Result<Self> {
        let site = Site::new();
        let router = peer.wrap(peer.wrap(site.router()));
        Self::serve(peer, gap, site, router).await
    }

    async fn serve(peer: &'a dyn ServerPeer, gap: Duration, site: Site, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // Runs as long as the runtime.
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Run { peer, site, address, gap })
    }

    async fn request(&self, line: &str, headers: &str) -> io::Result<Connection> {
        Connection::request(self.address, line, headers).await
    }

    /// Sends a request, reads the response to the end, and returns the span.
    async fn span_of(&self, line: &str, headers: &str) -> Result<Seen, NoSpan> {
        self.request(line, headers).await?.read_to_end().await;
        self.one().await
    }

    /// Disconnects while the handler runs.
    async fn disconnected(&self) -> Result<Seen, NoSpan> {
        let connection = self.request("GET /slow", "").await?;
        if let Ok(permit) = self.site.entered.acquire().await {
            permit.forget();
        }
        self.wait().await;
        drop(connection);
        self.one().await
    }

    async fn continues(&self, headers: &str) -> Result<Verdict, NoSpan> {
        let span = self.span_of("GET /users/7", headers).await?;
        Ok(good_if(span.trace_id == TRACE, || "starts a new trace".to_owned()))
    }

    async fn one(&self) -> Result<Seen, NoSpan> {
        spans(1, || self.peer.take()).await.pop().ok_or(NoSpan)
    }

    async fn wait(&self) {
        if !self.gap.is_zero() {
            tokio::time::sleep(self.gap).await;
        }
    }
}

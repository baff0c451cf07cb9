//! The rows for clients.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use opentracing_core::http_rules::HostAllowList;
use reqwest::Response;
use tokio::net::TcpSocket;

use crate::http::wire::Origin;
use crate::http::{Seen, Verdict, good_if, lasts, spans, successful};

/// An adapter for clients.
pub trait ClientPeer {
    /// Sends a `GET` request, inside a span if the adapter needs one to send a context. `None` if the adapter lacks a setting of the
    /// call.
    fn send(&self, call: Call) -> Option<Pending>;

    /// The spans of requests that were reported since the last call.
    fn take(&self) -> Vec<Seen>;
}

/// A future response.
pub type Pending = Pin<Box<dyn Future<Output = Result<Response, String>>>>;

/// A request and its options.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The URL.
    pub url: String,
    /// The span name.
    pub operation_name: Option<&'static str>,
    /// The peer service of the span.
    pub peer_service: Option<&'static str>,
    /// Send no trace headers.
    pub without_propagation: bool,
    /// The hosts that may receive trace headers.
    pub propagate_to: Option<HostAllowList>,
    /// Retry after a 503.
    pub retries: bool,
    /// The time limit.
    pub timeout: Option<Duration>,
}

/// The titles of the rows.
pub fn client_titles() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.title).collect()
}

/// Judges an adapter by each row. Where a span must last, the request lasts at least `gap`.
///
/// # Errors
///
/// If a loopback connection fails.
pub async fn judge_client(peer: &dyn ClientPeer, gap: Duration) -> io::Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for row in ROWS {
        let other = Origin::start(None).await?;
        let origin = Origin::start(Some(other.address)).await?;
        peer.take();
        let run = Run { peer, origin, other, gap };
        verdicts.push(match (row.judge)(&run).await {
            Ok(verdict) => verdict,
            Err(Unjudged::NotOffered) => Verdict::Missing,
            Err(Unjudged::NoSpan) => Verdict::Bad("no span".to_owned()),
            Err(Unjudged::Io(error)) => return Err(error),
        });
    }
    Ok(verdicts)
}

struct Row {
    title: &'static str,
    judge: for<'a> fn(&'a Run<'a>) -> Judged<'a>,
}

type Judged<'a> = Pin<Box<dyn Future<Output = Result<Verdict, Unjudged>> + 'a>>;

/// Why a row has no span to judge.
enum Unjudged {
    /// The adapter has no such setting.
    NotOffered,
    NoSpan,
    Io(io::Error),
}

impl From<io::Error> for Unjudged {
    fn from(error: io::Error) -> Self {
        Unjudged::Io(error)
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
    "records a span" : |run| {
        let span = run.span_of_path("/").await?;
        Ok(successful(&span))
    }
    "named without the path" : |run| {
        let span = run.span_of_path("/users/7").await?;
        Ok(good_if(!span.name.contains("users"), || format!("`{}`", span.name)))
    }
    "span name per request" : |run| {
        let call = Call { operation_name: Some("GET /users/{id}"), ..run.call("/users/7") };
        let span = run.span_of(call).await?;
        Ok(good_if(span.name == "GET /users/{id}", || format!("`{}`", span.name)))
    }
    "name of the called service" : |run| {
        let call = Call { peer_service: Some("catalog"), ..run.call("/") };
        let span = run.span_of(call).await?;
        Ok(good_if(span.mentions("catalog"), || "none".to_owned()))
    }
    "sends `traceparent`" : |run| { run.sends("\r\ntraceparent:").await }
    "sends B3" : |run| { run.sends("\r\nx-b3-traceid:").await }
    "sends Instana's headers" : |run| { run.sends("\r\nx-instana-t:").await }
    "trace headers can be disabled per request" : |run| {
        run.read(Call { without_propagation: true, ..run.call("/") }).await?;
        Ok(good_if(!is_traced(&run.origin.heads()[0]), || "sent".to_owned()))
    }
    "trace headers only for allowed hosts" : |run| {
        let hosts = "shop.example".parse().map_err(|_| Unjudged::NotOffered)?;
        run.read(Call { propagate_to: Some(hosts), ..run.call("/") }).await?;
        Ok(good_if(!is_traced(&run.origin.heads()[0]), || "sent".to_owned()))
    }
    "redirect to another host: no trace headers sent" : |run| {
        run.read(run.call("/elsewhere")).await?;
        if !run.origin.heads().first().is_some_and(|head| is_traced(head)) {
            return Ok(Verdict::Bad("not sent to the first host".to_owned()));
        }
        Ok(good_if(!run.other.heads().iter().any(|head| is_traced(head)), || "sent".to_owned()))
    }
    "redirect: the hop is recorded" : |run| {
        run.read(run.call("/here")).await?;
        let seen = spans(2, || run.peer.take()).await;
        let text = seen.iter().map(|span| &*span.text).collect::<String>();
        Ok(match seen.len() {
            0 => Verdict::Bad("no span".to_owned()),
            _ => good_if(text.contains("302") || text.contains("resend_count"), || "not recorded".to_owned()),
        })
    }
    "retry: one span per attempt" : |run| {
        run.read(Call { retries: true, ..run.call("/busy") }).await?;
        let seen = spans(3, || run.peer.take()).await;
        Ok(good_if(seen.len() == 3, || format!("{} of 3", seen.len())))
    }
    "retry: attempts are numbered" : |run| {
        run.read(Call { retries: true, ..run.call("/busy") }).await?;
        let seen = spans(3, || run.peer.take()).await;
        let numbered = seen.iter().filter(|span| span.mentions("resend_count")).count();
        Ok(good_if(numbered == 2, || "none".to_owned()))
    }
    "retry without an active span: attempts are one trace" : |run| {
        run.read(Call { retries: true, ..run.call("/busy") }).await?;
        let seen = spans(3, || run.peer.take()).await;
        let mut traces: Vec<_> = seen.iter().map(|span| span.trace_id).collect();
        traces.sort_unstable();
        traces.dedup();
        Ok(match traces.len() {
            0 => Verdict::Bad("no span".to_owned()),
            count => good_if(count == 1, || format!("{count} traces")),
        })
    }
    "the span ends with the body" : |run| {
        let response = run.send(run.call("/held"))?.await.map_err(|_| Unjudged::NoSpan)?;
        run.wait().await;
        if let Some(span) = run.peer.take().pop() {
            let whole = if run.gap.is_zero() { "the whole".to_owned() } else { format!("at least {} ms", run.gap.as_millis()) };
            return Ok(Verdict::Bad(format!("ends with the head, {:.1} ms of {whole}", span.duration.as_secs_f64() * 1e3)));
        }
        run.origin.gate.notify_one();
        let _ = response.bytes().await;
        Ok(lasts(&run.one().await?, run.gap))
    }
    "body dropped half read: recorded" : |run| {
        let mut response = run.send(run.call("/held"))?.await.map_err(|_| Unjudged::NoSpan)?;
        let _ = response.chunk().await;
        drop(response);
        let span = run.one().await?;
        Ok(good_if(span.is_unsuccessful(), || "not recorded".to_owned()))
    }
    "response dropped unread: not marked as failed" : |run| {
        drop(run.send(run.call("/held"))?.await.map_err(|_| Unjudged::NoSpan)?);
        Ok(successful(&run.one().await?))
    }
    "response kept unread: the span lasts as long as the call" : |run| {
        let response = run.send(run.call("/held"))?.await.map_err(|_| Unjudged::NoSpan)?;
        run.wait().await;
        drop(response);
        let span = run.one().await?;
        let took = span.duration;
        Ok(good_if(took < run.gap || run.gap.is_zero(), || format!("{:.1} ms", took.as_secs_f64() * 1e3)))
    }
    "call dropped: the span ends then" : |run| {
        let span = run.dropped().await?;
        Ok(lasts(&span, run.gap))
    }
    "call dropped: recorded" : |run| {
        let span = run.dropped().await?;
        Ok(good_if(span.is_unsuccessful(), || "not recorded".to_owned()))
    }
    "500: marked as an error" : |run| {
        let span = run.span_of_path("/failing").await?;
        Ok(good_if(span.is_failed, || "no error".to_owned()))
    }
    "connection refused: marked as an error" : |run| {
        let (_port, url) = refused_address()?;
        let span = run.span_of(Call { url, ..Call::default() }).await?;
        Ok(good_if(span.is_failed, || "no error".to_owned()))
    }
    "connection refused, unknown host, time-out: distinguished" : |run| {
        let mut kinds = Vec::new();
        let (_port, refused) = refused_address()?;
        // The label is too long, so no DNS query is sent.
        let unknown = format!("http://{}.example/", "x".repeat(64));
        let limit = Some(Duration::from_millis(20));
        let silent = Call { timeout: limit, ..run.call("/silent") };
        for call in [Call { url: refused, ..Call::default() }, Call { url: unknown, ..Call::default() }, silent] {
            kinds.push(kind(&run.span_of(call).await?));
        }
        Ok(good_if(kinds == ["connect", "dns", "timeout"], || kinds.join(", ")))
    }
    "user name and password are not recorded" : |run| {
        let url = run.origin.url("/").replace("http://", "http://ada:sesame@");
        let span = run.span_of(Call { url, ..Call::default() }).await?;
        Ok(good_if(!span.mentions("sesame"), || "exported".to_owned()))
    }
    "secrets in the query are not recorded" : |run| {
        let span = run.span_of_path("/?page=2&token=sesame").await?;
        Ok(good_if(!span.mentions("sesame"), || "exported".to_owned()))
    }
};

/// Whether the head of a request has trace headers.
fn is_traced(head: &str) -> bool {
    ["\r\ntraceparent:", "\r\nx-b3-", "\r\nb3:", "\r\nx-instana-", "\r\nbaggage:"]
        .iter()
        .any(|name| head.contains(name))
}

/// The kind of error that a span records.
fn kind(span: &Seen) -> &'static str {
    // The texts also contain the URL of the request, which has none of these words.
    let kinds: [(&str, &[&str]); 3] = [
        ("dns", &["dns", "resolv"]),
        ("timeout", &["timeout", "timed out", "timedout"]),
        ("connect", &["connect", "refused"]),
    ];
    let mentions = |words: &[&str]| words.iter().any(|word| span.mentions(word));
    kinds.iter().find(|(_, words)| mentions(words)).map_or("unknown", |(kind, _)| kind)
}

/// Bound but not listening, so that no other process can use the port.
fn refused_address() -> io::Result<(TcpSocket, String)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let url = format!("http://{}/", socket.local_addr()?);
    Ok((socket, url))
}

/// One row of one adapter.
struct Run<'a> {
    peer: &'a dyn ClientPeer,
    origin: Origin,
    /// The target of redirects to another host.
    other: Origin,
    gap: Duration,
}

impl Run<'_> {
    fn call(&self, path: &str) -> Call {
        Call { url: self.origin.url(path), ..Call::default() }
    }

    fn send(&self, call: Call) -> Result<Pending, Unjudged> {
        self.peer.send(call).ok_or(Unjudged::NotOffered)
    }

    /// Sends a request and reads the response, if any.
    async fn read(&self, call: Call) -> Result<(), Unjudged> {
        if let Ok(response) = self.send(call)?.await {
            let _ = response.bytes().await;
        }
        Ok(())
    }

    async fn span_of(&self, call: Call) -> Result<Seen, Unjudged> {
        self.read(call).await?;
        self.one().await
    }

    async fn span_of_path(&self, path: &str) -> Result<Seen, Unjudged> {
        self.span_of(self.call(path)).await
    }

    /// Drops the call once the request has arrived.
    async fn dropped(&self) -> Result<Seen, Unjudged> {
        let mut call = self.send(self.call("/silent"))?;
        tokio::select! {
            _ = &mut call => return Err(Unjudged::NoSpan),
            () = self.origin.wait_for_request() => {}
        }
        self.wait().await;
        drop(call);
        self.one().await
    }

    async fn sends(&self, name: &str) -> Result<Verdict, Unjudged> {
        self.read(self.call("/")).await?;
        let sent = self.origin.heads().iter().any(|head| head.contains(name));
        Ok(good_if(sent, || "not sent".to_owned()))
    }

    async fn one(&self) -> Result<Seen, Unjudged> {
        spans(1, || self.peer.take()).await.pop().ok_or(Unjudged::NoSpan)
    }

    async fn wait(&self) {
        if !self.gap.is_zero() {
            tokio::time::sleep(self.gap).await;
        }
    }
}

//! The rows of clients.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use opentracing_core::http_rules::HostAllowList;
use reqwest::Response;
use tokio::net::TcpSocket;

use crate::http::wire::Origin;
use crate::http::{Seen, Verdict, good_if, lasts, quiet, spans};

/// An adapter for clients.
pub trait ClientPeer {
    /// Sends a `GET` request, within a span where the adapter sends no context without one. `None` if the adapter cannot do what the
    /// call asks for.
    fn send(&self, call: Call) -> Option<Pending>;

    /// The spans of requests that have been reported since this was asked last.
    fn take(&self) -> Vec<Seen>;
}

/// An answer to come.
pub type Pending = Pin<Box<dyn Future<Output = Result<Response, String>>>>;

/// A request, and how it is to be sent.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Where it goes.
    pub url: String,
    /// What the span is to be called.
    pub operation_name: Option<&'static str>,
    /// What the span is to call the other side.
    pub peer_service: Option<&'static str>,
    /// The trace ends here.
    pub without_propagation: bool,
    /// The hosts that may have trace headers.
    pub propagate_to: Option<HostAllowList>,
    /// Sends it again when the answer is 503.
    pub retries: bool,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

/// The titles of the rows.
pub fn client_titles() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.title).collect()
}

/// Runs an adapter through each row. What it should be able to measure lasts at least as long as `gap`.
///
/// # Errors
///
/// If there is no connection over the loopback device.
pub async fn judge_client(peer: &dyn ClientPeer, gap: Duration) -> io::Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for row in ROWS {
        let other = Origin::start(None).await?;
        let origin = Origin::start(Some(other.address)).await?;
        peer.take();
        let run = Run { peer, origin, other, gap };
        verdicts.push(match (row.judge)(&run).await {
            Ok(verdict) => verdict,
            Err(Ended::NotOffered) => Verdict::Missing,
            Err(Ended::NoSpan) => Verdict::Bad("no span".to_owned()),
            Err(Ended::Io(error)) => return Err(error),
        });
    }
    Ok(verdicts)
}

struct Row {
    title: &'static str,
    judge: for<'a> fn(&'a Run<'a>) -> Judged<'a>,
}

type Judged<'a> = Pin<Box<dyn Future<Output = Result<Verdict, Ended>> + 'a>>;

/// Why there is nothing to judge by.
enum Ended {
    /// The adapter cannot be asked for that.
    NotOffered,
    NoSpan,
    Io(io::Error),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Ended::Io(error)
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
    "a span of the request" : |run| {
        let span = run.whole("/").await?;
        Ok(quiet(&span))
    }
    "named without the path" : |run| {
        let span = run.whole("/users/7").await?;
        Ok(good_if(!span.name.contains("users"), || format!("`{}`", span.name)))
    }
    "a name given with the request" : |run| {
        let call = Call { operation_name: Some("GET /users/{id}"), ..run.call("/users/7") };
        let span = run.span_of(call).await?;
        Ok(good_if(span.name == "GET /users/{id}", || format!("`{}`", span.name)))
    }
    "a name of the service that is called" : |run| {
        let call = Call { peer_service: Some("catalog"), ..run.call("/") };
        let span = run.span_of(call).await?;
        Ok(good_if(span.says("catalog"), || "none".to_owned()))
    }
    "sends `traceparent`" : |run| { run.sends("\r\ntraceparent:").await }
    "sends B3" : |run| { run.sends("\r\nx-b3-traceid:").await }
    "sends Instana's headers" : |run| { run.sends("\r\nx-instana-t:").await }
    "opts a request out of trace headers" : |run| {
        run.read(Call { without_propagation: true, ..run.call("/") }).await?;
        Ok(good_if(!is_traced(&run.origin.heads()[0]), || "sent".to_owned()))
    }
    "trace headers go to allowed hosts only" : |run| {
        let hosts = "shop.example".parse().map_err(|_| Ended::NotOffered)?;
        run.read(Call { propagate_to: Some(hosts), ..run.call("/") }).await?;
        Ok(good_if(!is_traced(&run.origin.heads()[0]), || "sent".to_owned()))
    }
    "a redirect to another host: trace headers stay behind" : |run| {
        run.read(run.call("/elsewhere")).await?;
        if !run.origin.heads().first().is_some_and(|head| is_traced(head)) {
            return Ok(Verdict::Bad("sent to nobody".to_owned()));
        }
        Ok(good_if(!run.other.heads().iter().any(|head| is_traced(head)), || "sent along".to_owned()))
    }
    "a redirect: the hop shows" : |run| {
        run.read(run.call("/here")).await?;
        let seen = spans(2, || run.peer.take()).await;
        let text = seen.iter().map(|span| &*span.text).collect::<String>();
        Ok(match seen.len() {
            0 => Verdict::Bad("no span".to_owned()),
            _ => good_if(text.contains("302") || text.contains("resend_count"), || "as if there were none".to_owned()),
        })
    }
    "a retry: a span of each attempt" : |run| {
        run.read(Call { retries: true, ..run.call("/busy") }).await?;
        let seen = spans(3, || run.peer.take()).await;
        Ok(good_if(seen.len() == 3, || format!("{} of 3", seen.len())))
    }
    "a retry: each attempt has its number" : |run| {
        run.read(Call { retries: true, ..run.call("/busy") }).await?;
        let seen = spans(3, || run.peer.take()).await;
        let numbered = seen.iter().filter(|span| span.says("resend_count")).count();
        Ok(good_if(numbered == 2, || "none".to_owned()))
    }
    "the span lasts to the end of the body" : |run| {
        let response = run.send(run.call("/held"))?.await.map_err(|_| Ended::NoSpan)?;
        run.wait().await;
        if let Some(span) = run.peer.take().pop() {
            let whole = if run.gap.is_zero() { "the whole".to_owned() } else { format!("{} ms and more", run.gap.as_millis()) };
            return Ok(Verdict::Bad(format!("ends with the head, {:.1} ms of {whole}", span.duration.as_secs_f64() * 1e3)));
        }
        run.origin.gate.notify_one();
        let _ = response.bytes().await;
        Ok(lasts(&run.one().await?, run.gap))
    }
    "a body that is dropped early: the span says so" : |run| {
        drop(run.send(run.call("/held"))?.await.map_err(|_| Ended::NoSpan)?);
        let span = run.one().await?;
        Ok(good_if(span.complains(), || "nothing".to_owned()))
    }
    "a call that is dropped: the span lasts until then" : |run| {
        let span = run.dropped().await?;
        Ok(lasts(&span, run.gap))
    }
    "a call that is dropped: the span says so" : |run| {
        let span = run.dropped().await?;
        Ok(good_if(span.complains(), || "nothing".to_owned()))
    }
    "500: an error" : |run| {
        let span = run.whole("/failing").await?;
        Ok(good_if(span.is_failed, || "no error".to_owned()))
    }
    "a refused connection: an error" : |run| {
        let (_port, url) = refusing()?;
        let span = run.span_of(Call { url, ..Call::default() }).await?;
        Ok(good_if(span.is_failed, || "no error".to_owned()))
    }
    "a refused connection, a name that is unknown, a time limit: told apart" : |run| {
        let mut kinds = Vec::new();
        let (_port, refused) = refusing()?;
        // Longer than a label may be, so nobody is asked for it.
        let unknown = format!("http://{}.example/", "x".repeat(64));
        let limit = Some(Duration::from_millis(20));
        let silent = Call { timeout: limit, ..run.call("/silent") };
        for call in [Call { url: refused, ..Call::default() }, Call { url: unknown, ..Call::default() }, silent] {
            kinds.push(kind(&run.span_of(call).await?));
        }
        Ok(good_if(kinds == ["connect", "dns", "timeout"], || kinds.join(", ")))
    }
    "keeps user name and password out" : |run| {
        let url = run.origin.url("/").replace("http://", "http://ada:sesame@");
        let span = run.span_of(Call { url, ..Call::default() }).await?;
        Ok(good_if(!span.says("sesame"), || "exported as they are".to_owned()))
    }
    "keeps secrets of the query out" : |run| {
        let span = run.whole("/?page=2&token=sesame").await?;
        Ok(good_if(!span.says("sesame"), || "exported as they are".to_owned()))
    }
};

/// Whether the head of a request has the headers of any trace.
fn is_traced(head: &str) -> bool {
    ["\r\ntraceparent:", "\r\nx-b3-", "\r\nb3:", "\r\nx-instana-", "\r\nbaggage:"]
        .iter()
        .any(|name| head.contains(name))
}

/// What a span says why it failed, in one word of a few.
fn kind(span: &Seen) -> &'static str {
    // The URL of the request, which has no word of these, is in the texts too.
    let kinds: [(&str, &[&str]); 3] = [
        ("dns", &["dns", "resolv"]),
        ("timeout", &["timeout", "timed out", "timedout"]),
        ("connect", &["connect", "refused"]),
    ];
    let said = |words: &[&str]| words.iter().any(|word| span.says(word));
    kinds.iter().find(|(_, words)| said(words)).map_or("nothing", |(kind, _)| kind)
}

/// Bound, so that nobody else is given the port, and not listening.
fn refusing() -> io::Result<(TcpSocket, String)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let url = format!("http://{}/", socket.local_addr()?);
    Ok((socket, url))
}

/// One row of one adapter.
struct Run<'a> {
    peer: &'a dyn ClientPeer,
    origin: Origin,
    /// Where redirects to another host lead.
    other: Origin,
    gap: Duration,
}

impl Run<'_> {
    fn call(&self, path: &str) -> Call {
        Call { url: self.origin.url(path), ..Call::default() }
    }

    fn send(&self, call: Call) -> Result<Pending, Ended> {
        self.peer.send(call).ok_or(Ended::NotOffered)
    }

    /// Sends a request, and reads the answer, if there is one.
    async fn read(&self, call: Call) -> Result<(), Ended> {
        if let Ok(response) = self.send(call)?.await {
            let _ = response.bytes().await;
        }
        Ok(())
    }

    async fn span_of(&self, call: Call) -> Result<Seen, Ended> {
        self.read(call).await?;
        self.one().await
    }

    async fn whole(&self, path: &str) -> Result<Seen, Ended> {
        self.span_of(self.call(path)).await
    }

    /// Drops the call once the request is under way.
    async fn dropped(&self) -> Result<Seen, Ended> {
        let mut call = self.send(self.call("/silent"))?;
        tokio::select! {
            _ = &mut call => return Err(Ended::NoSpan),
            () = self.origin.asked() => {}
        }
        self.wait().await;
        drop(call);
        self.one().await
    }

    async fn sends(&self, name: &str) -> Result<Verdict, Ended> {
        self.read(self.call("/")).await?;
        let sent = self.origin.heads().iter().any(|head| head.contains(name));
        Ok(good_if(sent, || "not sent".to_owned()))
    }

    async fn one(&self) -> Result<Seen, Ended> {
        spans(1, || self.peer.take()).await.pop().ok_or(Ended::NoSpan)
    }

    async fn wait(&self) {
        if !self.gap.is_zero() {
            tokio::time::sleep(self.gap).await;
        }
    }
}

//! The customers: some read pages over kept-alive connections, others disconnect.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use examples::BoxError;
use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::options::Amount;

pub(crate) struct Traffic {
    shop: SocketAddr,
    /// The number of the next request.
    next: AtomicU64,
    sent: [AtomicU64; KINDS.len()],
    failed: AtomicU64,
}

/// A kind of request.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A page, read to the end over a kept-alive connection.
    Page(&'static str),
    Buy,
    Upload,
    /// A finite stream of events.
    Events,
    /// An endless stream. The customer disconnects.
    LeaveEvents,
    LeaveUpload,
    /// Disconnects before the response, but after the shop has started to read: otherwise the handler might never run.
    LeavePurchase,
}

/// Sent in turn.
const KINDS: [(&str, Kind); 12] = [
    ("home pages", Kind::Page("/")),
    ("uploads", Kind::Upload),
    ("product pages", Kind::Page("/products/teapot")),
    ("streams left early", Kind::LeaveEvents),
    ("searches", Kind::Page("/search?q=tea")),
    ("purchases left before the answer", Kind::LeavePurchase),
    ("unknown products", Kind::Page("/products/unicorn")),
    ("streams read to the end", Kind::Events),
    ("purchases", Kind::Buy),
    ("uploads left half-way", Kind::LeaveUpload),
    ("unknown pages", Kind::Page("/nowhere")),
    ("more product pages", Kind::Page("/products/tea")),
];

/// The upper half of all trace ids. The lower half is the number of the request plus one.
const RUN: u64 = 0x10ad_10ad_10ad_10ad;

/// A slower request counts as an error.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The number of the request that started the trace.
pub(crate) fn number_of(trace_id: &str) -> Option<usize> {
    let (run, number) = trace_id.split_at_checked(16)?;
    if u64::from_str_radix(run, 16) != Ok(RUN) {
        return None;
    }
    usize::try_from(u64::from_str_radix(number, 16).ok()?.checked_sub(1)?).ok()
}

/// The shop has started to read the request, so the handler runs.
const CONTINUE: &str = "100 Continue\r\n\r\n";

fn traceparent(number: u64) -> String {
    format!("00-{RUN:016x}{:016x}-{RUN:016x}-01", number + 1)
}

impl Traffic {
    pub(crate) fn new(shop: SocketAddr) -> Self {
        Traffic { shop, next: AtomicU64::new(0), sent: Default::default(), failed: AtomicU64::new(0) }
    }

    /// Sends the load with this number of concurrent customers, and closes their connections. Returns the number of requests so far.
    pub(crate) async fn send(self: &Arc<Self>, workers: usize, amount: Amount) -> Result<u64, BoxError> {
        let (started, last) = (
            Instant::now(),
            match amount {
                Amount::Requests(requests) => self.next.load(Ordering::Relaxed) + requests,
                Amount::Time(_) => u64::MAX,
            },
        );
        let client = Client::builder().no_proxy().timeout(REQUEST_TIMEOUT).build()?;
        let mut customers = JoinSet::new();
        for _ in 0..workers.max(1) {
            let (traffic, client) = (self.clone(), client.clone());
            customers.spawn(async move {
                while !matches!(amount, Amount::Time(time) if started.elapsed() >= time) {
                    let taken = traffic
                        .next
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| (next < last).then_some(next + 1));
                    let Ok(number) = taken else { break };
                    traffic.request(&client, number).await?;
                }
                Ok::<(), BoxError>(())
            });
        }
        while let Some(customer) = customers.join_next().await {
            customer??;
        }
        Ok(self.next.load(Ordering::Relaxed))
    }

    /// The number of requests of each kind.
    pub(crate) fn sent(&self) -> Vec<(&'static str, u64)> {
        let counts = self.sent.iter().map(|count| count.load(Ordering::Relaxed));
        KINDS.iter().zip(counts).map(|((name, _), count)| (*name, count)).collect()
    }

    /// The number of 5xx responses. The shop may be overloaded; each request must have an entry span anyway.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    async fn request(&self, client: &Client, number: u64) -> Result<(), BoxError> {
        let index = usize::try_from(number % KINDS.len() as u64)?;
        let (name, kind) = KINDS[index];
        let sent = timeout(REQUEST_TIMEOUT, self.send_one(client, kind, number)).await;
        sent.map_err(BoxError::from).flatten().map_err(|error| format!("{name}, request {number}: {error}"))?;
        self.sent[index].fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn send_one(&self, client: &Client, kind: Kind, number: u64) -> Result<(), BoxError> {
        let url = |path: &str| format!("http://{}{path}", self.shop);
        match kind {
            Kind::Page(path) => drop(self.read(client.get(url(path)), number).await?),
            Kind::Buy => {
                let form = [("user", "ada"), ("sku", "tea")];
                self.read(client.post(url("/buy")).form(&form), number).await?;
            }
            Kind::Upload => {
                let answer =
                    self.read(client.put(url("/products/teapot/photo")).body(vec![7; 200_000]), number).await?;
                if answer.is_some_and(|answer| !answer.contains("200000")) {
                    return Err("the shop did not receive the whole photo".into());
                }
            }
            Kind::Events => {
                let events = self.read(client.get(url("/offers?events=3")), number).await?;
                if events.is_some_and(|events| events.matches("\n\n").count() != 3) {
                    return Err("the stream does not have three events".into());
                }
            }
            Kind::LeaveEvents => {
                let mut stream = self.connect("GET /offers", number, "").await?;
                read_until(&mut stream, "\r\n\r\n").await?;
            }
            Kind::LeaveUpload => {
                let headers = "expect: 100-continue\r\ncontent-length: 1000000\r\n";
                let mut stream = self.connect("PUT /products/teapot/photo", number, headers).await?;
                read_until(&mut stream, CONTINUE).await?;
                stream.write_all(&[7; 30_000]).await?;
            }
            Kind::LeavePurchase => {
                let form = "user=ada&sku=tea";
                let headers = format!(
                    "expect: 100-continue\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
                    form.len()
                );
                let mut stream = self.connect("POST /buy", number, &headers).await?;
                read_until(&mut stream, CONTINUE).await?;
                stream.write_all(form.as_bytes()).await?;
            }
        }
        Ok(())
    }

    /// Sends a request and reads the response. `None` for a 5xx response.
    async fn read(&self, request: reqwest::RequestBuilder, number: u64) -> Result<Option<String>, BoxError> {
        let response = request.header("traceparent", traceparent(number)).send().await?;
        let failed = response.status().is_server_error();
        let answer = response.text().await?;
        if failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Some(answer).filter(|_| !failed))
    }

    /// Opens a connection and sends a request.
    async fn connect(&self, line: &str, number: u64, headers: &str) -> Result<TcpStream, BoxError> {
        let mut stream = TcpStream::connect(self.shop).await?;
        let (shop, traceparent) = (self.shop, traceparent(number));
        let head = format!("{line} HTTP/1.1\r\nhost: {shop}\r\ntraceparent: {traceparent}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await?;
        Ok(stream)
    }
}

async fn read_until(stream: &mut TcpStream, text: &str) -> Result<(), BoxError> {
    let mut read = Vec::new();
    while !read.windows(text.len()).any(|part| part == text.as_bytes()) {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(
                format!("the shop closed the connection before {text:?}: {}", String::from_utf8_lossy(&read)).into()
            );
        }
    }
    Ok(())
}

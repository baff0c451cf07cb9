//! The customers: some read page after page over one connection, others leave.

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
    /// The next request.
    next: AtomicU64,
    sent: [AtomicU64; WANTS.len()],
    failed: AtomicU64,
}

/// What a customer may want.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// To read it all, over a connection that others use as well.
    Page(&'static str),
    Buy,
    Upload,
    /// A stream of events that ends by itself.
    Events,
    /// A stream that never ends, and that the customer leaves.
    LeaveEvents,
    LeaveUpload,
    /// Leaves before there is an answer, but not before the shop has begun: a server that finds out at once hands nothing on.
    LeavePurchase,
}

/// In turn.
const WANTS: [(&str, Want); 12] = [
    ("home pages", Want::Page("/")),
    ("uploads", Want::Upload),
    ("product pages", Want::Page("/products/teapot")),
    ("streams left", Want::LeaveEvents),
    ("searches", Want::Page("/search?q=tea")),
    ("purchases left before the answer", Want::LeavePurchase),
    ("unknown products", Want::Page("/products/unicorn")),
    ("streams read to the end", Want::Events),
    ("purchases", Want::Buy),
    ("uploads left half-way", Want::LeaveUpload),
    ("unknown pages", Want::Page("/nowhere")),
    ("more product pages", Want::Page("/products/tea")),
];

/// The upper half of all trace ids; the lower one is the number of the request and one.
const RUN: u64 = 0x10ad_10ad_10ad_10ad;

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The number of the request that began that trace.
pub(crate) fn number_of(trace_id: &str) -> Option<usize> {
    let (run, number) = trace_id.split_at_checked(16)?;
    if u64::from_str_radix(run, 16) != Ok(RUN) {
        return None;
    }
    usize::try_from(u64::from_str_radix(number, 16).ok()?.checked_sub(1)?).ok()
}

/// The shop begins to read, so it has begun to serve.
const CONTINUE: &str = "100 Continue\r\n\r\n";

fn traceparent(number: u64) -> String {
    format!("00-{RUN:016x}{:016x}-{RUN:016x}-01", number + 1)
}

impl Traffic {
    pub(crate) fn new(shop: SocketAddr) -> Self {
        Traffic { shop, next: AtomicU64::new(0), sent: Default::default(), failed: AtomicU64::new(0) }
    }

    /// Sends that much with so many customers at a time, all of whom are gone then. Gives the number of requests so far.
    pub(crate) async fn send(self: &Arc<Self>, workers: usize, amount: Amount) -> Result<u64, BoxError> {
        let (begun, last) = (
            Instant::now(),
            match amount {
                Amount::Requests(requests) => self.next.load(Ordering::Relaxed) + requests,
                Amount::Time(_) => u64::MAX,
            },
        );
        let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let mut customers = JoinSet::new();
        for _ in 0..workers.max(1) {
            let (traffic, client) = (self.clone(), client.clone());
            customers.spawn(async move {
                while !matches!(amount, Amount::Time(time) if begun.elapsed() >= time) {
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

    /// How many requests there were of each kind.
    pub(crate) fn sent(&self) -> Vec<(&'static str, u64)> {
        let counts = self.sent.iter().map(|count| count.load(Ordering::Relaxed));
        WANTS.iter().zip(counts).map(|((what, _), count)| (*what, count)).collect()
    }

    /// How many answers were 500 and above. A shop may be too busy; that its customers have an entry span does not depend on it.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    async fn request(&self, client: &Client, number: u64) -> Result<(), BoxError> {
        let kind = usize::try_from(number % WANTS.len() as u64)?;
        let (what, want) = WANTS[kind];
        let sent = timeout(PATIENCE, self.want(client, want, number)).await;
        sent.map_err(BoxError::from).flatten().map_err(|error| format!("{what}, request {number}: {error}"))?;
        self.sent[kind].fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn want(&self, client: &Client, want: Want, number: u64) -> Result<(), BoxError> {
        let url = |path: &str| format!("http://{}{path}", self.shop);
        match want {
            Want::Page(path) => drop(self.read(client.get(url(path)), number).await?),
            Want::Buy => {
                let form = [("user", "ada"), ("sku", "tea")];
                self.read(client.post(url("/buy")).form(&form), number).await?;
            }
            Want::Upload => {
                let answer =
                    self.read(client.put(url("/products/teapot/photo")).body(vec![7; 200_000]), number).await?;
                if answer.is_some_and(|answer| !answer.contains("200000")) {
                    return Err("the shop has not seen all of the photo".into());
                }
            }
            Want::Events => {
                let events = self.read(client.get(url("/offers?events=3")), number).await?;
                if events.is_some_and(|events| events.matches("\n\n").count() != 3) {
                    return Err("the stream has other than three events".into());
                }
            }
            Want::LeaveEvents => {
                let mut stream = self.connect("GET /offers", number, "").await?;
                read_until(&mut stream, "\r\n\r\n").await?;
            }
            Want::LeaveUpload => {
                let headers = "expect: 100-continue\r\ncontent-length: 1000000\r\n";
                let mut stream = self.connect("PUT /products/teapot/photo", number, headers).await?;
                read_until(&mut stream, CONTINUE).await?;
                stream.write_all(&[7; 30_000]).await?;
            }
            Want::LeavePurchase => {
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

    /// Sends a request and reads the answer. `None` if the shop has failed.
    async fn read(&self, request: reqwest::RequestBuilder, number: u64) -> Result<Option<String>, BoxError> {
        let response = request.header("traceparent", traceparent(number)).send().await?;
        let failed = response.status().is_server_error();
        let answer = response.text().await?;
        if failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Some(answer).filter(|_| !failed))
    }

    /// A connection of its own, over which a request has been sent.
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
            return Err(format!("the shop hangs up before {text:?}: {}", String::from_utf8_lossy(&read)).into());
        }
    }
    Ok(())
}

//! A server on loopback that answers with the bytes it is told, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// A request as it came over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    pub(crate) fn headers_named(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value).collect()
    }

    /// The names of trace headers of any kind.
    pub(crate) fn trace_headers(&self) -> Vec<&str> {
        let is_trace = |name: &str| {
            name.starts_with("x-b3-")
                || name.starts_with("x-instana-")
                || ["b3", "traceparent", "tracestate", "baggage"].contains(&name)
        };
        self.headers.iter().map(|(name, _)| &**name).filter(|name| is_trace(name)).collect()
    }
}

/// What to answer.
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    /// Once it is told to.
    After(Arc<Notify>, Vec<u8>),
    /// And then nothing, with the connection open.
    Part(Vec<u8>),
    /// And then the connection is closed.
    Last(Vec<u8>),
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Answer::Bytes(text.into())
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Answer::Bytes(text.into())
    }
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

pub(crate) fn redirect(status: u16, location: &str) -> Answer {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into()
}

pub(crate) fn status(status: u16) -> Answer {
    format!("HTTP/1.1 {status} As Told\r\ncontent-length: 2\r\n\r\n{{}}").into()
}

pub(crate) struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    task: AbortHandle,
}

impl Server {
    pub(crate) async fn start<A: Into<Answer>>(answer: impl Fn(&Received) -> A + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (answer, requests) = (Arc::new(move |request: &Received| answer(request).into()), received.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, answer.clone(), requests.clone()));
            }
        });
        Server { address, received, task: task.abort_handle() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL by a name, which the client has to be told.
    pub(crate) fn url_of(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    /// Waits for a request. The runtime is busy meanwhile, so that a paused clock stands still.
    pub(crate) async fn asked(&self) {
        while self.received().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The one request.
    #[track_caller]
    pub(crate) fn request(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.remove(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<impl Fn(&Received) -> Answer>, received: Arc<Mutex<Vec<Received>>>) {
    while let Some(request) = read(&mut stream).await {
        let answer = answer(&request);
        received.lock().unwrap().push(request);
        if let Answer::After(told, _) = &answer {
            told.notified().await;
        }
        let (Answer::Bytes(bytes) | Answer::After(_, bytes) | Answer::Part(bytes) | Answer::Last(bytes)) = &answer;
        if stream.write_all(bytes).await.is_err() {
            return;
        }
        match answer {
            Answer::Bytes(_) | Answer::After(..) => {}
            Answer::Part(_) => std::future::pending().await,
            Answer::Last(_) => return,
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let head = read_until(stream, b"\r\n\r\n").await?;
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines
        .map(|line| line.split_once(": ").unwrap_or((line.trim_end_matches(':'), "")))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut request = Received { method, path, headers, body: Vec::new() };
    if request.header("transfer-encoding").is_some() {
        loop {
            let size = String::from_utf8(read_until(stream, b"\r\n").await?).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            request.body.extend(read_exactly(stream, size).await?);
            read_exactly(stream, 2).await?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = request.header("content-length") {
        request.body = read_exactly(stream, length.parse().unwrap()).await?;
    }
    Some(request)
}

async fn read_until(stream: &mut TcpStream, end: &[u8]) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        read.push(stream.read_u8().await.ok()?);
    }
    Some(read)
}

async fn read_exactly(stream: &mut TcpStream, length: usize) -> Option<Vec<u8>> {
    let mut read = vec![0; length];
    stream.read_exact(&mut read).await.ok()?;
    Some(read)
}

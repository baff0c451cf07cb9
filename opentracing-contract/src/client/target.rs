//! The server of a client check, whose responses the check writes.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A server whose responses are written by hand.
pub(crate) struct Target {
    listener: TcpListener,
    address: SocketAddr,
}

/// A request as it arrived, and the connection that waits for a response.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    stream: TcpStream,
}

/// A bound port that refuses connections.
pub(crate) struct Refusing(TcpSocket);

impl Target {
    pub(crate) async fn bind() -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(text)?;
        let address = listener.local_addr().map_err(text)?;
        Ok(Target { listener, address })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL with the name of the host.
    pub(crate) fn url_by_name(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }

    /// A connection on which nothing has been read.
    pub(crate) async fn connection(&self) -> Result<TcpStream, String> {
        Ok(self.listener.accept().await.map_err(text)?.0)
    }

    /// The first request of the next connection.
    pub(crate) async fn asked(&self) -> Result<Asked, String> {
        read(self.connection().await?).await
    }
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// How many lines of the header there are.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(key, _)| key == name).count()
    }

    /// The names of trace headers of any kind, and of baggage.
    pub(crate) fn trace_headers(&self) -> Vec<&str> {
        let is_trace = |name: &str| {
            name.starts_with("x-b3-")
                || name.starts_with("x-instana-")
                || ["b3", "traceparent", "tracestate", "baggage"].contains(&name)
        };
        self.headers.iter().map(|(name, _)| &**name).filter(|name| is_trace(name)).collect()
    }

    pub(crate) async fn write(&mut self, bytes: &str) -> Result<(), String> {
        self.stream.write_all(bytes.as_bytes()).await.map_err(text)
    }

    /// The next request on the same connection.
    pub(crate) async fn next(self) -> Result<Asked, String> {
        read(self.stream).await
    }
}

impl Refusing {
    pub(crate) fn bind() -> Result<Self, String> {
        let socket = TcpSocket::new_v4().map_err(text)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).map_err(text)?;
        Ok(Refusing(socket))
    }

    pub(crate) fn url(&self, path: &str) -> Result<String, String> {
        Ok(format!("http://{}{path}", self.0.local_addr().map_err(text)?))
    }
}

async fn read(mut stream: TcpStream) -> Result<Asked, String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.map_err(text)?);
    }
    let head = String::from_utf8(head).map_err(text)?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut word = || first.next().unwrap_or_default().to_owned();
    let (method, path) = (word(), word());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.map_err(text)?;
    Ok(Asked { method, path, headers, body, stream })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

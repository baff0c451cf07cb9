//! A minimal HTTP/1.1 client and server.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A connection that has sent one request.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn request(address: SocketAddr, line: &str, headers: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("{line} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await?;
        Ok(Connection(stream))
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn read_to_end(mut self) {
        // A server that aborts resets the connection.
        let _ = self.0.read_to_end(&mut Vec::new()).await;
    }

    /// Reads until the text has arrived.
    pub(crate) async fn until(&mut self, text: &str) -> io::Result<()> {
        let mut all = Vec::new();
        while !String::from_utf8_lossy(&all).contains(text) {
            if self.0.read_buf(&mut all).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// A server whose response depends on the path. It records the heads of requests.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    /// Lets responses of `/held` continue.
    pub(crate) gate: Arc<Notify>,
}

impl Origin {
    /// Starts a server that runs as long as the runtime.
    pub(crate) async fn start(elsewhere: Option<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = Origin { address: listener.local_addr()?, heads: Arc::default(), gate: Arc::default() };
        let serving = origin.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream, elsewhere).await });
            }
        });
        Ok(origin)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of all requests, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the first request.
    pub(crate) async fn wait_for_request(&self) {
        while self.heads().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    async fn serve(self, mut stream: TcpStream, elsewhere: Option<SocketAddr>) {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => return,
                }
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let number = {
                let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
                heads.push(head);
                heads.len()
            };
            let path = path.split('?').next().unwrap_or_default();
            let redirect = |to: String| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            let status = |status: u16| format!("HTTP/1.1 {status} Status\r\ncontent-length: 2\r\n\r\n{{}}");
            let response = match path {
                "/busy" if number < 3 => status(503),
                "/failing" => status(500),
                "/here" => redirect("/end".to_owned()),
                // Another name of this machine counts as another host.
                "/elsewhere" => {
                    redirect(elsewhere.map(|to| format!("http://localhost:{}/", to.port())).unwrap_or_default())
                }
                "/held" => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n".to_owned(),
                "/silent" => String::new(),
                _ => status(200),
            };
            if stream.write_all(response.as_bytes()).await.is_err() {
                return;
            }
            match path {
                "/held" => {
                    self.gate.notified().await;
                    let _ = stream.write_all(b"0\r\n\r\n").await;
                }
                "/silent" => std::future::pending().await,
                _ => {}
            }
        }
    }
}

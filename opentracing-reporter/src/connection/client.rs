//! The thread that has the connection: a runtime of its own, one request after the other.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::mpsc::Sender;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
#[cfg(feature = "otlp")]
use hyper::client::conn::http2;
#[cfg(feature = "otlp")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

#[cfg(feature = "tls")]
use super::connector::Connector;
use super::endpoint::Endpoint;
use super::{Answer, BoxError};

/// One request, and how to hear that nobody waits for its answer any more.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) request: Request<Full<Bytes>>,
    pub(super) cancelled: oneshot::Receiver<()>,
}

/// What became of it, and how long that took.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) number: u64,
    pub(super) answer: Answer,
    pub(super) took: Duration,
}

/// How requests are written and responses read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Protocol {
    /// HTTP/1.1.
    Http,
    /// The same, of a server that knows its paths only some time after it has started.
    Agent,
    /// Unary calls, over HTTP/2 without being asked.
    #[cfg(feature = "otlp")]
    Grpc,
}

/// All of a response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: BytesMut,
    /// Only gRPC has them.
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "only gRPC has them"))]
    pub(super) trailers: HeaderMap,
}

pub(super) struct Client {
    endpoint: Endpoint,
    protocol: Protocol,
    /// Made for the first connection: it may have to read the operating system's certificates.
    #[cfg(feature = "tls")]
    tls: Option<Connector>,
    connection: Option<Connection>,
}

/// An open connection, for one request after the other.
enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    #[cfg(feature = "otlp")]
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    async fn over<S>(stream: S, protocol: Protocol) -> hyper::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let stream = TokioIo::new(stream);
        // The error of a connection is told to its request as well.
        match protocol {
            Protocol::Http | Protocol::Agent => {
                let (sender, connection) = http1::handshake(stream).await?;
                tokio::spawn(async move { connection.await.unwrap_or_default() });
                Ok(Connection::Http1(sender))
            }
            #[cfg(feature = "otlp")]
            Protocol::Grpc => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(async move { connection.await.unwrap_or_default() });
                Ok(Connection::Http2(sender))
            }
        }
    }

    fn is_closed(&self) -> bool {
        match self {
            Connection::Http1(sender) => sender.is_closed(),
            #[cfg(feature = "otlp")]
            Connection::Http2(sender) => sender.is_closed(),
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<http::Response<Incoming>> {
        match self {
            Connection::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            #[cfg(feature = "otlp")]
            Connection::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

/// What is read of a response; collectors answer in a few bytes. OTLP asks not to read more than 4 MiB.
const MAX_RESPONSE: usize = 4 << 20;

impl Client {
    pub(super) fn new(endpoint: &Endpoint, protocol: Protocol) -> Self {
        Client {
            endpoint: endpoint.clone(),
            protocol,
            #[cfg(feature = "tls")]
            tls: None,
            connection: None,
        }
    }

    /// Starts the thread. It ends when nobody has the other end of `jobs`.
    pub(super) fn spawn(mut self, mut jobs: UnboundedReceiver<Job>, answers: Sender<Done>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let work = move || {
            runtime.block_on(async {
                while let Some(Job { number, request, cancelled }) = jobs.recv().await {
                    let started = Instant::now();
                    match unless(cancelled, self.exchange(request)).await {
                        Some(answer) => {
                            // Nobody waits at the end of the program.
                            let _ = answers.send(Done { number, answer, took: started.elapsed() });
                        }
                        // Half of a request may be out.
                        None => self.connection = None,
                    }
                }
            });
            // Not to wait for a name that is still being looked up.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("opentracing-io".into()).spawn(work)?;
        Ok(())
    }

    pub(super) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Answer {
        let (mut response, was_open) = self.attempt(request.clone()).await;
        if response.is_err() && was_open {
            // The other side closes a connection that nobody has used for a while, and a request may cross that on its way.
            (response, _) = self.attempt(request).await;
        }
        match response {
            Ok(response) => match self.protocol {
                Protocol::Http => super::http::answer(response),
                Protocol::Agent => super::http::agent_answer(response),
                #[cfg(feature = "otlp")]
                Protocol::Grpc => super::grpc::answer(response),
            },
            Err(error) => Answer::retry(error),
        }
    }

    /// The response, and whether the connection had been used before.
    async fn attempt(&mut self, request: Request<Full<Bytes>>) -> (Result<Response, BoxError>, bool) {
        let open = self.connection.take().filter(|connection| !connection.is_closed());
        let was_open = open.is_some();
        let connection = match open {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        };
        let response = match connection {
            Ok(connection) => self.send(connection, request).await,
            Err(error) => Err(error),
        };
        (response, was_open)
    }

    async fn send(&mut self, mut connection: Connection, request: Request<Full<Bytes>>) -> Result<Response, BoxError> {
        let response = read(connection.send(request).await.map_err(with_cause)?).await?;
        self.connection = Some(connection);
        Ok(response)
    }

    async fn connect(&mut self) -> Result<Connection, BoxError> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let stream = TcpStream::connect((&**host, *port)).await.map_err(|error| self.no_connection(&error))?;
        stream.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if self.endpoint.is_tls {
            let tls = match self.tls.take() {
                Some(tls) => tls,
                None => Connector::new(&self.endpoint, self.protocol)?,
            };
            let stream = self.tls.insert(tls).connect(stream).await.map_err(|error| self.no_connection(&error))?;
            return Connection::over(stream, self.protocol).await.map_err(with_cause);
        }
        Connection::over(stream, self.protocol).await.map_err(with_cause)
    }

    fn no_connection(&self, error: &io::Error) -> BoxError {
        format!("no connection to {}: {error}", self.endpoint).into()
    }
}

/// hyper says what went wrong in general, and leaves it to the cause to say what it was.
fn with_cause(error: hyper::Error) -> BoxError {
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}").into(),
        None => error.into(),
    }
}

async fn read(response: http::Response<Incoming>) -> Result<Response, BoxError> {
    let (head, mut incoming) = response.into_parts();
    let (mut body, mut trailers) = (BytesMut::new(), HeaderMap::new());
    while let Some(frame) = incoming.frame().await {
        match frame.map_err(with_cause)?.into_data() {
            Ok(data) if body.len() + data.len() > MAX_RESPONSE => return Err("the response is too long".into()),
            Ok(data) => body.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    Ok(Response { status: head.status, headers: head.headers, body, trailers })
}

/// What the work comes to, or `None` once the sender of `cancelled` is gone.
pub(super) async fn unless<T>(cancelled: oneshot::Receiver<()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut cancelled, mut work) = (pin!(cancelled), pin!(work));
    poll_fn(|cx| match cancelled.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}

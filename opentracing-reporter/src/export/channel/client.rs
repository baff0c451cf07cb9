//! The thread that has the connection: a runtime of its own, one request after the other.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::mpsc::Sender;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::{Answer, BoxError};
use crate::export::endpoint::Endpoint;

/// One request, and how to hear that nobody waits for its answer any more.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) request: Request<Full<Bytes>>,
    pub(super) cancelled: oneshot::Receiver<()>,
}

/// All of a response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: BytesMut,
}

pub(super) struct Client {
    host: Box<str>,
    port: u16,
    connection: Option<http1::SendRequest<Full<Bytes>>>,
    /// What a response means.
    reading: fn(Response) -> Answer,
}

/// What is read of a response; collectors answer in a few bytes. OTLP asks not to read more than 4 MiB.
const MAX_RESPONSE: usize = 4 << 20;

impl Client {
    pub(super) fn new(endpoint: &Endpoint, reading: fn(Response) -> Answer) -> Self {
        Client { host: endpoint.host.clone(), port: endpoint.port, connection: None, reading }
    }

    /// Starts the thread. It ends when nobody has the other end of `jobs`.
    pub(super) fn spawn(mut self, mut jobs: UnboundedReceiver<Job>, answers: Sender<(u64, Answer)>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let work = move || {
            runtime.block_on(async {
                while let Some(Job { number, request, cancelled }) = jobs.recv().await {
                    let answer = unless(cancelled, self.exchange(request)).await;
                    match answer {
                        Some(answer) => {
                            // Nobody waits at the end of the program.
                            let _ = answers.send((number, answer));
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
            Ok(response) => (self.reading)(response),
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

    async fn send(
        &mut self,
        mut connection: http1::SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
    ) -> Result<Response, BoxError> {
        connection.ready().await?;
        let response = read(connection.send_request(request).await?).await?;
        self.connection = Some(connection);
        Ok(response)
    }

    async fn connect(&self) -> Result<http1::SendRequest<Full<Bytes>>, BoxError> {
        let stream = TcpStream::connect((&*self.host, self.port)).await.map_err(|error| self.no_connection(&error))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its error is told to the request as well.
        tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(sender)
    }

    fn no_connection(&self, error: &io::Error) -> BoxError {
        format!("no connection to {} port {}: {error}", self.host, self.port).into()
    }
}

async fn read(response: http::Response<Incoming>) -> Result<Response, BoxError> {
    let (head, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        if let Ok(data) = frame?.into_data() {
            if body.len() + data.len() > MAX_RESPONSE {
                return Err("the response is too long".into());
            }
            body.extend_from_slice(&data);
        }
    }
    Ok(Response { status: head.status, headers: head.headers, body })
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

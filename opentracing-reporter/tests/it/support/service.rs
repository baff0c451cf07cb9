//! A scripted server on loopback that speaks gRPC, or TLS, or both.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::transports::PATIENCE;

/// A call that the service received.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An answer: status and headers, the body, the trailers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(&'static str, String)>,
}

/// The HTTP version.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Version {
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only the tests of TLS take it"))]
    Http1,
    Http2,
}

/// Answers as scripted, then with gRPC status 0 and HTTP status 200.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    calls: Receiver<Call>,
}

impl Service {
    pub(crate) fn start(
        version: Version,
        tls: Option<ServerConfig>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let (sender, calls) = channel();
        let script = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let respond = move |request: Request<Incoming>| {
            let (sender, script) = (sender.clone(), script.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
                // The test may already have ended.
                let _ = sender.send(Call { path: head.uri.path().to_owned(), headers: head.headers, body });
                let default = Answer { status: 200, trailers: vec![("grpc-status", "0".into())], ..Answer::default() };
                let answer = script.lock().expect("nothing panics under this lock").pop_front();
                Ok::<_, Infallible>(response(answer.unwrap_or(default)))
            }
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                while let Ok((stream, _)) = listener.accept().await {
                    let (tls, respond) = (tls.clone(), respond.clone());
                    // A client that refuses the server closes the connection, which the test expects.
                    tokio::spawn(async move {
                        match tls {
                            None => serve(stream, version, respond).await,
                            Some(tls) => {
                                if let Ok(stream) = tls.accept(stream).await {
                                    serve(stream, version, respond).await;
                                }
                            }
                        }
                    });
                }
            });
        });
        Ok(Service { address, calls })
    }

    /// Waits for the next call.
    pub(crate) fn next(&self) -> Call {
        self.calls.recv_timeout(PATIENCE).expect("a call arrives")
    }

    /// The number of calls so far.
    pub(crate) fn count(&self) -> usize {
        self.calls.try_iter().count()
    }
}

async fn serve<S, F, R, B>(stream: S, version: Version, respond: F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> R + Send + 'static,
    R: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let (stream, service) = (TokioIo::new(stream), service_fn(respond));
    // Ends with an error if the client disconnects.
    let _ = match version {
        Version::Http1 => http1::Builder::new().serve_connection(stream, service).await,
        Version::Http2 => http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await,
    };
}

fn response(answer: Answer) -> Response<impl Body<Data = Bytes, Error = Infallible>> {
    let trailers = (!answer.trailers.is_empty()).then(|| Ok(header_map(answer.trailers)));
    let mut response = Response::new(Full::new(Bytes::from(answer.body)).with_trailers(std::future::ready(trailers)));
    *response.status_mut() = answer.status.try_into().expect("that is a status");
    *response.headers_mut() = header_map(answer.headers);
    response
}

fn header_map(headers: Vec<(&'static str, String)>) -> HeaderMap {
    let line = |(name, value): (&'static str, String)| {
        (HeaderName::from_static(name), HeaderValue::from_str(&value).expect("that is a header's value"))
    };
    headers.into_iter().map(line).collect()
}

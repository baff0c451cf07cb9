//! A server behind HTTP: what the reporter's thread has of it.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
#[cfg(feature = "otlp")]
use http::header::TE;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::request::Builder;
use http_body::Body;
use http_body_util::Full;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::client::{Client, Done, Job, Protocol};
use super::endpoint::Endpoint;
#[cfg(feature = "otlp")]
use super::grpc;
use super::{Answer, Channel, Figures};

/// Posts each request to one endpoint. Connections live on a thread of their own, so that keep-alives are answered and bytes flow also
/// while the reporter's thread does something else; it starts with the first request and ends with this channel.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) endpoint: Endpoint,
    pub(crate) gzip: bool,
    protocol: Protocol,
    link: Option<Link>,
    /// Instead of an answer, where the request could not even be given away.
    failure: Option<Answer>,
    figures: Figures,
}

/// To the thread and back.
#[derive(Debug)]
struct Link {
    jobs: UnboundedSender<Job>,
    answers: Receiver<Done>,
    /// Of the request under way, whose end cancels it, and its number: the answer to one that was cancelled may come all the same.
    cancel: Option<oneshot::Sender<()>>,
    number: u64,
}

pub(super) const AGENT: &str = concat!("opentracing-reporter/", env!("CARGO_PKG_VERSION"));

impl Remote {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self::by(Protocol::Http, endpoint)
    }

    /// An Instana agent, which knows its paths only some time after it has started.
    pub(crate) fn agent(endpoint: Endpoint) -> Self {
        Self::by(Protocol::Agent, endpoint)
    }

    /// Begins with a request that brings nothing along.
    pub(crate) fn start_get(&mut self, path: &'static str) {
        let head = Request::get(path).header(HOST, &*self.endpoint.authority);
        let request = self.complete(head, Vec::new());
        self.failure = self.hand_over(request).err();
    }

    /// A method of a gRPC service, which is the endpoint's path. Bodies are messages, without the frame that gRPC puts around them.
    #[cfg(feature = "otlp")]
    pub(crate) fn grpc(endpoint: Endpoint) -> Self {
        Self::by(Protocol::Grpc, endpoint)
    }

    fn by(protocol: Protocol, endpoint: Endpoint) -> Self {
        let figures = Figures::default();
        Remote { endpoint, gzip: false, protocol, link: None, failure: None, figures }
    }

    fn request(&self, body: Vec<u8>, content_type: &'static str) -> Result<Request<Full<Bytes>>, http::Error> {
        let path = if self.endpoint.path.is_empty() { "/" } else { &*self.endpoint.path };
        let body = if self.gzip { compressed(&body) } else { body };
        let (request, body) = match self.protocol {
            Protocol::Http | Protocol::Agent => {
                let request = Request::post(path)
                    .header(HOST, &*self.endpoint.authority)
                    .header(CONTENT_TYPE, HeaderValue::from_static(content_type));
                let request = if self.gzip { request.header(CONTENT_ENCODING, "gzip") } else { request };
                (request, body)
            }
            #[cfg(feature = "otlp")]
            Protocol::Grpc => {
                let request = Request::post(self.endpoint.to_string())
                    .header(TE, "trailers")
                    .header(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                let request = if self.gzip { request.header("grpc-encoding", "gzip") } else { request };
                (request, grpc::framed(body, self.gzip))
            }
        };
        self.complete(request, body)
    }

    fn complete(&self, head: Builder, body: Vec<u8>) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = head.header(USER_AGENT, AGENT).body(Full::new(Bytes::from(body)))?;
        // Last, since the user's own go before ours.
        request.headers_mut().extend(self.endpoint.headers.clone());
        Ok(request)
    }

    fn link(&mut self) -> std::io::Result<&mut Link> {
        match &mut self.link {
            Some(link) => Ok(link),
            empty => {
                let (jobs, to_do) = unbounded_channel();
                let (done, answers) = channel();
                let client = Client::new(&self.endpoint, self.protocol);
                client.spawn(to_do, done)?;
                Ok(empty.insert(Link { jobs, answers, cancel: None, number: 0 }))
            }
        }
    }

    fn hand_over(&mut self, request: Result<Request<Full<Bytes>>, http::Error>) -> Result<(), Answer> {
        self.figures = Figures::default();
        let request = request.map_err(|error| Answer::Refused(error.into()))?;
        self.figures.bytes = request.body().size_hint().exact().map_or(0, |bytes| bytes as usize);
        let link = self.link().map_err(Answer::retry)?;
        link.number += 1;
        let (cancel, cancelled) = oneshot::channel();
        link.cancel = Some(cancel);
        let job = Job { number: link.number, request, cancelled };
        if link.jobs.send(job).is_err() {
            // Next time with a new one.
            self.link = None;
            return Err(Answer::retry("the thread of the connections has ended"));
        }
        Ok(())
    }
}

impl Channel for Remote {
    fn start(&mut self, body: Vec<u8>, content_type: &'static str) {
        let request = self.request(body, content_type);
        self.failure = self.hand_over(request).err();
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        if self.failure.is_some() {
            return self.failure.take();
        }
        let link = self.link.as_mut()?;
        loop {
            match link.answers.recv_timeout(wait) {
                Ok(done) if done.number == link.number && link.cancel.take().is_some() => {
                    self.figures.took = done.took;
                    return Some(done.answer);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    self.link = None;
                    return Some(Answer::retry("the thread of the connections has ended"));
                }
            }
        }
    }

    fn cancel(&mut self) {
        if let Some(link) = &mut self.link {
            link.cancel = None;
        }
    }

    fn figures(&self) -> Figures {
        self.figures
    }
}

/// Fast rather than small: it runs on the reporter's thread.
fn compressed(body: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // Writing to memory does not fail.
    let _ = gzip.write_all(body);
    gzip.finish().unwrap_or_default()
}

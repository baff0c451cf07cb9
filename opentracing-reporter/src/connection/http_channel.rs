//! The channel to an HTTP or gRPC server.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
#[cfg(feature = "grpc")]
use http::header::TE;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::request::Builder;
use http_body::Body;
use http_body_util::Full;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::client::Client;
use super::endpoint::Endpoint;
#[cfg(feature = "grpc")]
use super::grpc;
use super::progress::Progress;
use super::protocol::Protocol;
use super::worker::{self, Done, Job};
use super::{Answer, Channel, RequestStats, check};
use crate::transport::TransportCheck;

/// Sends each request to one endpoint. The connection lives on a thread of its own, so that pings are answered and bytes flow while the
/// reporter's thread is busy. That thread starts with the first request and ends with the channel.
#[derive(Debug)]
pub(crate) struct HttpChannel {
    pub(crate) endpoint: Endpoint,
    pub(crate) gzip: bool,
    /// The method of requests with a body is PUT instead of POST.
    is_put: bool,
    protocol: Protocol,
    worker: Option<Worker>,
    /// The answer to a request that could not be handed to the worker.
    failure: Option<Answer>,
    stats: RequestStats,
}

/// The channels to the worker thread and back.
#[derive(Debug)]
struct Worker {
    jobs: UnboundedSender<Job>,
    progress: Progress,
    answers: Receiver<Done>,
    /// Dropping it cancels the request in flight.
    cancel: Option<oneshot::Sender<()>>,
    /// The number of the last request. The answer to a cancelled one may still arrive.
    number: u64,
}

pub(super) const OUR_USER_AGENT: &str = concat!("opentracing-reporter/", env!("CARGO_PKG_VERSION"));

const WORKER_ENDED: &str = "the connection thread has ended";

impl HttpChannel {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self::with_protocol(Protocol::Http, endpoint)
    }

    /// The channel to a server that expects PUT.
    #[cfg(feature = "datadog")]
    pub(crate) fn put(endpoint: Endpoint) -> Self {
        HttpChannel { is_put: true, ..Self::new(endpoint) }
    }

    /// The channel to an Instana agent, which answers 404 for a while after it has started.
    pub(crate) fn agent(endpoint: Endpoint) -> Self {
        Self::with_protocol(Protocol::Agent, endpoint)
    }

    /// Starts a GET request without a body.
    pub(crate) fn start_get(&mut self, path: &'static str) {
        let head = Request::get(path).header(HOST, &*self.endpoint.authority);
        let request = self.complete(head, Vec::new());
        self.failure = self.hand_over(request).err();
    }

    /// Prepares a check by a GET request. `success` says what it means if the server accepts it.
    pub(crate) fn check_get(&self, path: &'static str, success: &'static str) -> TransportCheck {
        let head = Request::get(path).header(HOST, &*self.endpoint.authority);
        let endpoint = Endpoint { path: path.into(), ..self.endpoint.clone() };
        check::check(&endpoint, self.protocol, self.complete(head, Vec::new()), success)
    }

    /// Prepares a check with other headers.
    pub(crate) fn check_with(&self, endpoint: Endpoint, body: Vec<u8>, content_type: &'static str) -> TransportCheck {
        let (gzip, is_put) = (self.gzip, self.is_put);
        HttpChannel { gzip, is_put, ..Self::with_protocol(self.protocol, endpoint) }.check(body, content_type)
    }

    /// The channel to a gRPC method, which is the endpoint's path. The bodies of requests and answers are messages without gRPC's prefix.
    #[cfg(feature = "otlp")]
    pub(crate) fn grpc(endpoint: Endpoint) -> Self {
        Self::with_protocol(Protocol::Grpc, endpoint)
    }

    fn with_protocol(protocol: Protocol, endpoint: Endpoint) -> Self {
        let stats = RequestStats::default();
        HttpChannel { endpoint, gzip: false, is_put: false, protocol, worker: None, failure: None, stats }
    }

    fn request(&self, body: Vec<u8>, content_type: &'static str) -> Result<Request<Full<Bytes>>, http::Error> {
        let path = if self.endpoint.path.is_empty() { "/" } else { &*self.endpoint.path };
        let body = if self.gzip { compressed(&body) } else { body };
        let (request, body) = match self.protocol {
            Protocol::Http | Protocol::Agent => {
                let request = if self.is_put { Request::put(path) } else { Request::post(path) };
                let request = request
                    .header(HOST, &*self.endpoint.authority)
                    .header(CONTENT_TYPE, HeaderValue::from_static(content_type));
                let request = if self.gzip { request.header(CONTENT_ENCODING, "gzip") } else { request };
                (request, body)
            }
            #[cfg(feature = "grpc")]
            Protocol::Grpc => {
                let request = Request::post(self.endpoint.uri())
                    .header(TE, "trailers")
                    .header(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                let request = if self.gzip { request.header("grpc-encoding", "gzip") } else { request };
                (request, grpc::framed(body, self.gzip))
            }
        };
        self.complete(request, body)
    }

    fn complete(&self, head: Builder, body: Vec<u8>) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = head.header(USER_AGENT, OUR_USER_AGENT).body(Full::new(Bytes::from(body)))?;
        // Added last, so that the user's headers replace ours.
        request.headers_mut().extend(self.endpoint.headers.clone());
        Ok(request)
    }

    fn worker(&mut self) -> std::io::Result<&mut Worker> {
        match &mut self.worker {
            Some(worker) => Ok(worker),
            empty => {
                let (jobs, receiver) = unbounded_channel();
                let (sender, answers) = channel();
                let client = Client::new(&self.endpoint, self.protocol);
                let progress = client.progress();
                worker::spawn(client, receiver, sender)?;
                Ok(empty.insert(Worker { jobs, progress, answers, cancel: None, number: 0 }))
            }
        }
    }

    fn hand_over(&mut self, request: Result<Request<Full<Bytes>>, http::Error>) -> Result<(), Answer> {
        self.stats = RequestStats::default();
        let request = request.map_err(|error| Answer::Refused(error.into()))?;
        self.stats.bytes = request.body().size_hint().exact().map_or(0, |bytes| bytes as usize);
        let worker = self.worker().map_err(Answer::retry)?;
        worker.number += 1;
        let (cancel, cancelled) = oneshot::channel();
        worker.cancel = Some(cancel);
        let job = Job { number: worker.number, request, cancelled };
        if worker.jobs.send(job).is_err() {
            // The retry starts a new one.
            self.worker = None;
            return Err(Answer::retry(WORKER_ENDED));
        }
        Ok(())
    }
}

impl Channel for HttpChannel {
    fn start(&mut self, body: Vec<u8>, content_type: &'static str) {
        let request = self.request(body, content_type);
        self.failure = self.hand_over(request).err();
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        if self.failure.is_some() {
            return self.failure.take();
        }
        let worker = self.worker.as_mut()?;
        loop {
            match worker.answers.recv_timeout(wait) {
                Ok(done) if done.number == worker.number && worker.cancel.take().is_some() => {
                    self.stats.latency = done.latency;
                    return Some(done.answer);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    self.worker = None;
                    return Some(Answer::retry(WORKER_ENDED));
                }
            }
        }
    }

    fn cancel(&mut self) {
        if let Some(worker) = &mut self.worker {
            worker.cancel = None;
        }
    }

    fn check(&self, body: Vec<u8>, content_type: &'static str) -> TransportCheck {
        check::check(&self.endpoint, self.protocol, self.request(body, content_type), "accepts spans")
    }

    fn time_out(&mut self, timeout: Duration) -> Answer {
        self.cancel();
        match &self.worker {
            Some(worker) => Answer::retry(worker.progress.timed_out(&self.endpoint, timeout)),
            None => Answer::retry(WORKER_ENDED),
        }
    }

    fn request_stats(&self) -> RequestStats {
        self.stats
    }
}

/// Uses the fastest level, since it runs on the reporter's thread.
fn compressed(body: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // Writing to memory does not fail.
    let _ = gzip.write_all(body);
    gzip.finish().unwrap_or_default()
}

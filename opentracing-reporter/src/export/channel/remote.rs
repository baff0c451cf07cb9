//! A server behind HTTP: what the reporter's thread has of it.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::request::Builder;
use http::{Method, Request};
use http_body_util::Full;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::client::{Client, Job, Response};
use super::http as http_answers;
use super::{Answer, Channel};
use crate::export::endpoint::Endpoint;

/// Posts each request to one endpoint. Connections live on a thread of their own, so that keep-alives are answered and bytes flow also
/// while the reporter's thread does something else; it starts with the first request and ends with this channel.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) endpoint: Endpoint,
    pub(crate) gzip: bool,
    /// What a response means.
    reading: fn(Response) -> Answer,
    link: Option<Link>,
    /// Instead of an answer, where the request could not even be given away.
    failure: Option<Answer>,
}

/// To the thread and back.
#[derive(Debug)]
struct Link {
    jobs: UnboundedSender<Job>,
    answers: Receiver<(u64, Answer)>,
    /// Of the request under way, whose end cancels it, and its number: the answer to one that was cancelled may come all the same.
    cancel: Option<oneshot::Sender<()>>,
    number: u64,
}

pub(super) const AGENT: &str = concat!("opentracing-reporter/", env!("CARGO_PKG_VERSION"));

impl Remote {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Remote { endpoint, gzip: false, reading: http_answers::answer, link: None, failure: None }
    }

    /// An Instana agent, which knows its paths only some time after it has started.
    pub(crate) fn agent(endpoint: Endpoint) -> Self {
        Remote { reading: http_answers::agent_answer, ..Remote::new(endpoint) }
    }

    /// Begins with a request that brings nothing along.
    pub(crate) fn start_get(&mut self, path: &'static str) {
        let request = self.head(Method::GET, path).body(Full::default());
        self.failure = self.hand_over(request).err();
    }

    fn head(&self, method: Method, path: &str) -> Builder {
        let head = Request::builder().method(method).uri(path);
        head.header(HOST, &*self.endpoint.authority).header(USER_AGENT, AGENT)
    }

    fn request(&self, body: Vec<u8>, content_type: &'static str) -> Result<Request<Full<Bytes>>, http::Error> {
        let path = if self.endpoint.path.is_empty() { "/" } else { &*self.endpoint.path };
        let mut request = self.head(Method::POST, path).header(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let mut body = body;
        if self.gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
            body = compressed(&body);
        }
        let mut request = request.body(Full::new(Bytes::from(body)))?;
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
                let client = Client::new(&self.endpoint, self.reading);
                client.spawn(to_do, done)?;
                Ok(empty.insert(Link { jobs, answers, cancel: None, number: 0 }))
            }
        }
    }

    fn hand_over(&mut self, request: Result<Request<Full<Bytes>>, http::Error>) -> Result<(), Answer> {
        let request = request.map_err(|error| Answer::Refused(error.into()))?;
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
                Ok((number, answer)) if number == link.number && link.cancel.take().is_some() => return Some(answer),
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
}

/// Fast rather than small: it runs on the reporter's thread.
fn compressed(body: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // Writing to memory does not fail.
    let _ = gzip.write_all(body);
    gzip.finish().unwrap_or_default()
}

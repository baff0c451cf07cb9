//! A stand-in for Instana: an agent or the serverless endpoint. It accepts what the real ones document, and refuses everything else.

mod connection;
mod native;
mod schema;
mod web_service;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A request from a reporter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Time since the stand-in started.
    pub(crate) at: Duration,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// The refusal of a request: a status and a reason.
pub(crate) type Refusal = (u16, String);

/// Applies the rules. It has no network code, so the rules can be tested on their own.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// Spans in order of arrival.
    pub(crate) spans: Vec<Value>,
    pub(crate) refusals: Vec<Refusal>,
    /// The number of spans in each request.
    pub(crate) sizes: Vec<usize>,
    /// The size of all accepted bodies.
    pub(crate) bytes: usize,
    /// The key of the serverless endpoint. `None` for an agent.
    key: Option<String>,
    /// How many more requests are answered with 404, as by an agent that is starting.
    starting: usize,
    calls: Vec<Duration>,
}

const MAX_SPANS: usize = 1000;
const MAX_CALLS_A_SECOND: usize = 20;
const MAX_RAW_BYTES: usize = 5 << 20;
const MAX_TRACE_BYTES: usize = 4 << 20;

impl Judge {
    /// The serverless endpoint with this key.
    pub(crate) fn serverless(key: &str) -> Self {
        Judge { key: Some(key.into()), ..Judge::default() }
    }

    /// An agent that answers the first requests with 404.
    pub(crate) fn starting(calls: usize) -> Self {
        Judge { starting: calls, ..Judge::default() }
    }

    /// Accepts or refuses the request. Accepted spans are in [`spans`](Judge::spans).
    pub(crate) fn judge(&mut self, call: &Call) -> Result<(), Refusal> {
        if call.method == "GET" && call.path == "/" && self.key.is_none() {
            return Ok(());
        }
        let result = self.take(call);
        match result {
            Ok(spans) => {
                self.sizes.push(spans.len());
                self.bytes += call.body.len();
                self.spans.extend(spans);
                Ok(())
            }
            Err(refusal) => {
                // A 404 that the test asked for is not the reporter's fault.
                if refusal.0 != 404 || self.starting == 0 {
                    self.refusals.push(refusal.clone());
                }
                self.starting = self.starting.saturating_sub(1);
                Err(refusal)
            }
        }
    }

    fn take(&mut self, call: &Call) -> Result<Vec<Value>, Refusal> {
        if self.starting > 0 {
            return Err((404, "the agent is starting".into()));
        }
        let is_json = call.header("content-type").is_some_and(|it| it.starts_with("application/json"));
        if call.method != "POST" || !is_json {
            return Err((400, format!("{} without JSON", call.method)));
        }
        self.count(call.at)?;
        match (&*call.path, &self.key) {
            ("/com.instana.plugin.generic.rawtrace", None) => {
                let spans = array(call, MAX_RAW_BYTES)?;
                check_all(&spans, |span| native::check(span, false))?;
                Ok(spans)
            }
            ("/com.instana.plugin.generic.trace", None) => {
                let spans = array(call, MAX_TRACE_BYTES)?;
                check_all(&spans, web_service::check)?;
                Ok(spans)
            }
            ("/bundle", Some(key)) => {
                let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if call.header("x-instana-key") != Some(key) {
                    return Err((401, "the key is wrong".into()));
                }
                if call.header("x-instana-host").is_none_or(str::is_empty) {
                    return Err((400, "X-Instana-Host is missing".into()));
                }
                if !call.header("x-instana-time").is_some_and(is_number) {
                    return Err((400, "X-Instana-Time is missing".into()));
                }
                let spans = bundle(call)?;
                check_all(&spans, |span| native::check(span, true))?;
                Ok(spans)
            }
            (path, _) => Err((404, format!("there is no {path}"))),
        }
    }

    /// Refused requests count too.
    fn count(&mut self, at: Duration) -> Result<(), Refusal> {
        self.calls.retain(|&earlier| at.saturating_sub(earlier) < Duration::from_secs(1));
        self.calls.push(at);
        match self.calls.len() {
            calls if calls > MAX_CALLS_A_SECOND => Err((429, format!("{calls} calls in a second"))),
            _ => Ok(()),
        }
    }
}

fn array(call: &Call, max_bytes: usize) -> Result<Vec<Value>, Refusal> {
    if call.body.len() > max_bytes {
        return Err((413, format!("a body of {} bytes", call.body.len())));
    }
    let value = serde_json::from_slice(&call.body).map_err(|error| (400, format!("no JSON: {error}")))?;
    let Value::Array(spans) = value else { return Err((400, "no array".into())) };
    within(spans)
}

fn bundle(call: &Call) -> Result<Vec<Value>, Refusal> {
    if call.body.len() > MAX_RAW_BYTES {
        return Err((413, format!("a body of {} bytes", call.body.len())));
    }
    let mut value: Value = serde_json::from_slice(&call.body).map_err(|error| (400, format!("no JSON: {error}")))?;
    let Some(Value::Array(spans)) = value.get_mut("spans").map(Value::take) else {
        return Err((400, "no spans".into()));
    };
    within(spans)
}

fn within(spans: Vec<Value>) -> Result<Vec<Value>, Refusal> {
    match spans.len() {
        0 => Err((400, "no spans".into())),
        count if count > MAX_SPANS => Err((413, format!("{count} spans"))),
        _ => Ok(spans),
    }
}

fn check_all(spans: &[Value], check: impl Fn(&Value) -> Result<(), String>) -> Result<(), Refusal> {
    spans.iter().try_for_each(|span| check(span).map_err(|reason| (400, format!("{reason}: {span}"))))
}

/// The judge behind a loopback socket.
#[derive(Debug)]
pub(crate) struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    judge: Mutex<Judge>,
    connections: Mutex<Connections>,
    started: Instant,
}

#[derive(Debug, Default)]
struct Connections {
    open: Vec<TcpStream>,
    count: usize,
    is_closed: bool,
}

impl StandIn {
    /// Listens on this loopback port, or on a free one if it is 0.
    pub(crate) fn start(port: u16, judge: Judge) -> io::Result<StandIn> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared =
            Arc::new(Shared { judge: Mutex::new(judge), connections: Mutex::default(), started: Instant::now() });
        let theirs = shared.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                {
                    let mut connections = lock(&theirs.connections);
                    if connections.is_closed {
                        break;
                    }
                    connections.count += 1;
                    connections.open.extend(stream.try_clone());
                }
                let shared = theirs.clone();
                std::thread::spawn(move || connection::serve(stream, &shared));
            }
        });
        Ok(StandIn { address, shared, thread: Some(thread) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn judge(&self) -> MutexGuard<'_, Judge> {
        lock(&self.shared.judge)
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        lock(&self.shared.connections).count
    }
}

/// Closes everything, as the end of a process would, so that the port is free again.
impl Drop for StandIn {
    fn drop(&mut self) {
        {
            let mut connections = lock(&self.shared.connections);
            connections.is_closed = true;
            for stream in connections.open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        // Wakes up the accepting thread.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A scripted HTTP server on loopback, and a clock that a test moves.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant, SystemTime};

use opentracing_core::{Batch, FlushError, Reporter, ReporterStats, Tracer, TransportStats};
use opentracing_reporter::{BatchReporter, TransportClock};

use crate::support::transports::PATIENCE;

/// A request that the server received.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    /// Method and path.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The number of the connection.
    pub(crate) connection: usize,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}

/// How the server answers a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status line, header lines, body.
    Say(&'static str, &'static [&'static str], Vec<u8>),
    /// No answer. The connection stays open.
    Nothing,
    /// 200, once the test has reached the barrier too.
    Late(Arc<Barrier>),
    /// The start of a response, then closes the connection.
    Cut(&'static str),
    /// Closes the connection within the head of the request.
    CutInside,
    /// 200, then closes the connection without announcing it.
    SayAndClose,
}

impl Reply {
    pub(crate) fn ok() -> Self {
        Reply::Say("200 OK", &[], Vec::new())
    }

    pub(crate) fn status(status: &'static str) -> Self {
        Reply::Say(status, &[], Vec::new())
    }
}

/// Answers as scripted, then with 200, or as a closure decides.
pub(crate) struct Collector {
    address: SocketAddr,
    got: Receiver<Got>,
}

impl Collector {
    pub(crate) fn start(replies: impl IntoIterator<Item = Reply>) -> io::Result<Self> {
        Self::listen(TcpListener::bind(("127.0.0.1", 0))?, replies)
    }

    pub(crate) fn listen(listener: TcpListener, replies: impl IntoIterator<Item = Reply>) -> io::Result<Self> {
        let mut script = replies.into_iter().collect::<VecDeque<_>>();
        Self::serving(listener, move |_| script.pop_front().unwrap_or_else(Reply::ok))
    }

    /// Answers each request as the closure decides.
    pub(crate) fn deciding(decide: impl FnMut(&Got) -> Reply + Send + 'static) -> io::Result<Self> {
        Self::serving(TcpListener::bind(("127.0.0.1", 0))?, decide)
    }

    /// Redirects the first request. In `location`, `{url}` stands for the address of this server.
    pub(crate) fn redirecting(status: &'static str, location: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let location = location.replace("{url}", &format!("http://{}", listener.local_addr()?));
        let headers: &'static [&'static str] = vec![&*format!("location: {location}").leak()].leak();
        Self::listen(listener, [Reply::Say(status, headers, Vec::new())])
    }

    fn serving(listener: TcpListener, decide: impl FnMut(&Got) -> Reply + Send + 'static) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, got) = channel();
        let decide: Arc<Mutex<Decide>> = Arc::new(Mutex::new(decide));
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let (sender, decide) = (sender.clone(), decide.clone());
                // Ends with the connection.
                std::thread::spawn(move || serve(stream, number, &sender, &decide));
            }
        });
        Ok(Collector { address, got })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next request.
    pub(crate) fn next(&self) -> Got {
        self.got.recv_timeout(PATIENCE).expect("a request arrives")
    }

    /// The next request, if it has arrived.
    pub(crate) fn try_next(&self) -> Option<Got> {
        self.got.try_recv().ok()
    }

    /// The requests that have arrived.
    pub(crate) fn all(&self) -> Vec<Got> {
        self.got.try_iter().collect()
    }
}

type Decide = dyn FnMut(&Got) -> Reply + Send;

fn serve(stream: TcpStream, connection: usize, got: &Sender<Got>, decide: &Mutex<Decide>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let Some(request) = read_request(&mut reader, connection)? else { return Ok(()) };
        let reply = (decide.lock().expect("nothing panics under this lock"))(&request);
        // The test may already have ended.
        let _ = got.send(request);
        match reply {
            Reply::Say(status, headers, body) => say(&mut stream, status, headers, &body)?,
            Reply::Nothing => {}
            Reply::Late(barrier) => {
                barrier.wait();
                say(&mut stream, "200 OK", &[], &[])?;
            }
            Reply::Cut(text) => return stream.write_all(text.as_bytes()),
            Reply::CutInside => return Ok(()),
            Reply::SayAndClose => return say(&mut stream, "200 OK", &[], &[]),
        }
    }
}

fn say(stream: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    headers.iter().for_each(|line| head.extend([*line, "\r\n"]));
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())
}

/// `None` at the end of the connection.
fn read_request(reader: &mut BufReader<TcpStream>, connection: usize) -> io::Result<Option<Got>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let line = lines.remove(0);
    let split = |line: &String| line.split_once(": ").map(|(key, value)| (key.to_lowercase(), value.to_owned()));
    let headers: Vec<_> = lines.iter().filter_map(split).collect();
    let mut got = Got { line, headers, body: Vec::new(), connection };
    let length = got.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    got.body.resize(length, 0);
    reader.read_exact(&mut got.body)?;
    Ok(Some(got))
}

/// A clock that a test moves.
#[derive(Clone, Debug)]
pub(crate) struct Hand(Arc<Mutex<Duration>>, Instant);

impl Hand {
    pub(crate) fn new() -> Self {
        Hand(Arc::default(), Instant::now())
    }

    /// The clock for a transport.
    pub(crate) fn shared(&self) -> Arc<dyn TransportClock> {
        Arc::new(self.clone())
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().expect("nothing panics under this lock") += by;
    }

    fn passed(&self) -> Duration {
        *self.0.lock().expect("nothing panics under this lock")
    }
}

impl TransportClock for Hand {
    fn now(&self) -> Instant {
        self.1 + self.passed()
    }

    /// Starts on Sunday, 6 November 1994, 08:49:37 UTC.
    fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777) + self.passed()
    }
}

/// A reporter whose flush runs one ordinary pass, as while the program runs.
struct Unflushed(BatchReporter);

impl Reporter for Unflushed {
    fn report(&mut self, batch: Batch<'_>) {
        self.0.report(batch);
    }

    fn tick(&mut self) {
        self.0.tick();
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        while Instant::now() < deadline {
            self.0.tick();
            std::thread::yield_now();
        }
        Ok(())
    }

    fn stats(&self) -> ReporterStats {
        self.0.stats()
    }

    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        self.0.transport_stats(stats);
    }
}

/// A tracer whose reporter runs a pass when the test flushes.
pub(crate) fn stepped(reporter: BatchReporter) -> Tracer {
    Tracer::builder("shop").build_inline(Unflushed(reporter))
}

//! The runtime API of AWS Lambda, and a backend for spans, on loopback.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

/// An invocation to hand out.
pub(crate) struct Event {
    pub(crate) id: &'static str,
    pub(crate) xray: &'static str,
    pub(crate) body: &'static str,
}

/// A request that the API received, with its answer still to come if it asks for an event or is held back.
#[derive(Debug)]
pub(crate) struct Got {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// No more events will come: the next request for one is not answered.
    is_over: bool,
    /// Spans are received, and not answered.
    holds_spans: bool,
}

pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    shared: Arc<(Mutex<State>, Condvar)>,
    requests: Receiver<Got>,
}

const PATIENCE: Duration = Duration::from_secs(120);

impl Api {
    pub(crate) fn start() -> io::Result<Api> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let (sender, requests) = channel();
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, sender) = (Arc::clone(&state), sender.clone());
                thread::spawn(move || serve(&stream, &state, &sender));
            }
        });
        Ok(Api { address, shared, requests })
    }

    fn change(&self, f: impl FnOnce(&mut State)) {
        f(&mut lock(&self.shared.0));
        self.shared.1.notify_all();
    }

    pub(crate) fn invoke(&self, event: Event) {
        self.change(|state| state.events.push_back(event));
    }

    pub(crate) fn end(&self) {
        self.change(|state| state.is_over = true);
    }

    pub(crate) fn hold_spans(&self, holds: bool) {
        self.change(|state| state.holds_spans = holds);
    }

    /// A request that was received and not yet looked at.
    pub(crate) fn waiting(&self) -> Option<Got> {
        self.requests.try_recv().ok()
    }

    /// The requests up to the next one whose path ends in this way.
    pub(crate) fn until(&self, end: &str) -> Vec<Got> {
        let mut all = Vec::new();
        loop {
            let request = self.requests.recv_timeout(PATIENCE);
            let request = request.unwrap_or_else(|_| panic!("there is no request for {end} after {all:?}"));
            let is_last = request.line.ends_with(end);
            all.push(request);
            if is_last {
                return all;
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: &TcpStream, shared: &(Mutex<State>, Condvar), requests: &Sender<Got>) {
    let mut reader = BufReader::new(stream);
    while let Ok(Some(got)) = read(&mut reader) {
        let (is_next, is_spans) = (got.line.ends_with("/invocation/next"), got.line.ends_with("/spans"));
        if requests.send(got).is_err() {
            return;
        }
        let wait = |until: &dyn Fn(&State) -> bool| {
            let waited = shared.1.wait_timeout_while(lock(&shared.0), PATIENCE, |state| !until(state));
            waited.unwrap_or_else(PoisonError::into_inner).0
        };
        let answer = if is_next {
            let Some(event) = wait(&|state| state.is_over || !state.events.is_empty()).events.pop_front() else {
                return;
            };
            answer_of(&event)
        } else {
            if is_spans {
                drop(wait(&|state| !state.holds_spans));
            }
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
        };
        if (&*stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer_of(event: &Event) -> String {
    let deadline = SystemTime::now() + Duration::from_secs(600);
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_millis();
    format!(
        "HTTP/1.1 200 OK\r\n\
         lambda-runtime-aws-request-id: {}\r\n\
         lambda-runtime-deadline-ms: {deadline}\r\n\
         lambda-runtime-invoked-function-arn: {}\r\n\
         lambda-runtime-trace-id: {}\r\n\
         content-type: application/json\r\n\
         content-length: {}\r\n\r\n{}",
        event.id,
        crate::ARN,
        event.xray,
        event.body.len(),
        event.body
    )
}

fn read(reader: &mut impl BufRead) -> io::Result<Option<Got>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match &*name.to_ascii_lowercase() {
            "content-length" => length = value.trim().parse().map_err(io::Error::other)?,
            "transfer-encoding" => is_chunked = true,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if is_chunked {
        body = read_chunks(reader)?;
    }
    Ok(Some(Got { line, body: String::from_utf8_lossy(&body).into_owned() }))
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim_end(), 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

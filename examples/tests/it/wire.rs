//! A minimal HTTP/1.1 client and server, so that no library changes the headers.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Names in lower case and values, in the received order.
pub(crate) type Headers = Vec<(String, String)>;

/// A request or a response.
pub(crate) struct Message {
    pub(crate) first_line: String,
    pub(crate) headers: Headers,
    /// Invalid UTF-8 is replaced.
    pub(crate) body: String,
}

impl Message {
    /// The status of a response.
    pub(crate) fn status(&self) -> u16 {
        self.first_line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect()
    }

    /// The value of a header that occurs exactly once.
    #[track_caller]
    pub(crate) fn one(&self, name: &str) -> &str {
        match self.all(name)[..] {
            [value] => value,
            ref values => panic!("{name} occurs {} times: {:?}", values.len(), self.headers),
        }
    }

    /// `None` at the end of the stream.
    fn read(stream: &mut impl BufRead) -> Option<Message> {
        let mut line = || {
            let mut line = String::new();
            stream.read_line(&mut line).ok().filter(|&read| read > 0).map(|_| line.trim_end().to_owned())
        };
        let first_line = line()?;
        let mut headers = Headers::new();
        while let Some((name, value)) = line()?.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut message = Message { first_line, headers, body: String::new() };
        let length: usize = message.all("content-length").first().map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        message.body = String::from_utf8_lossy(&body).into_owned();
        Some(message)
    }
}

/// Sends one request and reads the response, which must have a length.
#[track_caller]
pub(crate) fn send(to: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Message {
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    Message::read(&mut BufReader::new(stream)).expect("a response")
}

/// A server that responds to every request with 200 and `{}`, and records the requests.
pub(crate) struct Callbacks {
    pub(crate) address: SocketAddr,
    received: Receiver<Message>,
}

impl Callbacks {
    pub(crate) fn start() -> Callbacks {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (sender, received) = channel();
        let address = listener.local_addr().unwrap();
        // Runs until the test process ends.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                thread::spawn(move || serve(stream, &sender));
            }
        });
        Callbacks { address, received }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far, in any order. A request is recorded before its response is sent.
    pub(crate) fn received(&self) -> Vec<Message> {
        self.received.try_iter().collect()
    }
}

fn serve(stream: TcpStream, sender: &Sender<Message>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = Message::read(&mut reader) {
        let response = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        if sender.send(request).is_err() || stream.write_all(response).is_err() {
            return;
        }
    }
}

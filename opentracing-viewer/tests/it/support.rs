//! A viewer, and requests to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use opentracing_viewer::{Viewer, ViewerBuilder};

/// A viewer at free ports of loopback, for HTTP and gRPC.
pub(crate) fn viewer() -> Viewer {
    start(Viewer::builder())
}

pub(crate) fn start(builder: ViewerBuilder) -> Viewer {
    builder.listen("127.0.0.1:0").listen_grpc("127.0.0.1:0").start().unwrap()
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header, whose name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request with these lines after the first, and a body. `Host` and `Content-Length` are added unless a line has them.
pub(crate) fn request(address: SocketAddr, first: &str, lines: &[&str], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut head = format!("{first} HTTP/1.1\r\nConnection: close\r\n");
    if !lines.iter().any(|line| line.starts_with("Host:")) {
        head += &format!("Host: {address}\r\n");
    }
    head += &format!("Content-Length: {}\r\n", body.len());
    lines.iter().for_each(|line| head += &format!("{line}\r\n"));
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    // The viewer may answer and close before it has read a body that is too large.
    let _ = stream.write_all(body);
    answer(stream)
}

pub(crate) fn post(address: SocketAddr, path: &str, media_type: &str, body: &[u8]) -> Answer {
    request(address, &format!("POST {path}"), &[&format!("Content-Type: {media_type}")], body)
}

pub(crate) fn get(address: SocketAddr, path: &str, lines: &[&str]) -> Answer {
    request(address, &format!("GET {path}"), lines, b"")
}

/// Reads until the viewer closes the connection. Far more patient than any limit that a test sets.
pub(crate) fn answer(mut stream: TcpStream) -> Answer {
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // A reset after the answer is what a client sees that was still sending.
    while let Ok(length @ 1..) = stream.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..length]);
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: bytes[end..].to_vec() }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

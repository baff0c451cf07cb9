//! One HTTP/1.1 connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::{Call, Shared, lock};

/// Answers requests until the client closes the connection.
pub(super) fn serve(stream: TcpStream, shared: &Shared) {
    let Ok(reading) = stream.try_clone() else { return };
    let (mut reader, mut stream) = (BufReader::new(reading), stream);
    while let Ok(Some(mut call)) = read(&mut reader) {
        call.at = shared.started.elapsed();
        let result = lock(&shared.judge).judge(&call);
        let (status, body) = match result {
            Ok(()) if call.method == "GET" => (200, r#"{"version":"1.1.0"}"#.to_owned()),
            Ok(()) => (200, String::new()),
            Err((status, reason)) => (status, reason),
        };
        let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> io::Result<Option<Call>> {
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut call = Call { method: method.into(), path: path.into(), ..Call::default() };
    loop {
        let header = line(reader)?;
        let Some((name, value)) = header.split_once(':') else { break };
        call.headers.push((name.trim().into(), value.trim().into()));
    }
    let length = call.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    // No valid request is this long.
    call.body.resize(usize::min(length, 64 << 20), 0);
    reader.read_exact(&mut call.body)?;
    Ok(Some(call))
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    const MAX: u64 = 64 << 10;
    let mut line = String::new();
    reader.take(MAX).read_line(&mut line)?;
    line.truncate(line.trim_end().len());
    Ok(line)
}

//! Servers that were started outside of the tests.

use std::env;
use std::io::Write;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

/// How long a backend may take to show what it has received.
const PATIENCE: Duration = Duration::from_secs(60);

/// The addresses in these variables. If one is missing, the test is skipped with a line on standard error; in CI it fails.
#[track_caller]
pub(crate) fn addresses<const N: usize>(variables: [&str; N]) -> Option<[String; N]> {
    let mut found = [const { String::new() }; N];
    for (variable, address) in variables.into_iter().zip(&mut found) {
        match env::var(variable) {
            Ok(value) if !value.is_empty() => *address = value,
            _ => {
                assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{variable} is not set");
                // Not with `eprintln!`, which the test runner captures.
                let _ = writeln!(
                    std::io::stderr(),
                    "skipped, {variable} is not set: {}",
                    std::thread::current().name().unwrap_or("?")
                );
                return None;
            }
        }
    }
    Some(found)
}

/// Asks until the answer is as expected, and returns the last one.
pub(crate) fn ask_until<T>(mut ask: impl FnMut() -> T, is_wanted: impl Fn(&T) -> bool) -> T {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if is_wanted(&answer) || begun.elapsed() > PATIENCE {
            return answer;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The status and body of a GET request.
pub(crate) fn get(url: &str) -> (u16, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime starts");
    runtime.block_on(fetch(url)).unwrap_or_else(|error| panic!("{url}: {error}"))
}

async fn fetch(url: &str) -> Result<(u16, Vec<u8>), Box<dyn std::error::Error>> {
    let rest = url.strip_prefix("http://").ok_or("expected http://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let stream = tokio::net::TcpStream::connect(host).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = http::Request::get(path).header("host", host).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    connection.abort();
    Ok((status, body.into()))
}

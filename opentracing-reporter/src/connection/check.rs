//! Checks a server by one request.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use super::Answer;
use super::client::Client;
use super::endpoint::Endpoint;
use super::protocol::Protocol;
use crate::transport::TransportCheck;

/// Sends the request over a connection of its own.
pub(super) fn check(
    endpoint: &Endpoint,
    protocol: Protocol,
    request: Result<Request<Full<Bytes>>, http::Error>,
    success: &'static str,
) -> TransportCheck {
    let endpoint = endpoint.clone();
    TransportCheck::new(move |timeout| {
        let request = request.map_err(|error| at(&endpoint, &error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| at(&endpoint, &error))?;
        let result = runtime.block_on(ask(&endpoint, protocol, request, success, timeout));
        // A look-up of a name that hangs must not keep the thread.
        runtime.shutdown_background();
        result
    })
}

async fn ask(
    endpoint: &Endpoint,
    protocol: Protocol,
    request: Request<Full<Bytes>>,
    success: &str,
    timeout: Duration,
) -> Result<String, String> {
    let mut client = Client::new(endpoint, protocol);
    let started = Instant::now();
    let answer = match tokio::time::timeout(timeout, client.exchange(request)).await {
        Ok(answer) => answer,
        Err(_) => Answer::retry(client.progress().timed_out(endpoint, timeout)),
    };
    match answer {
        Answer::Accepted(_) => {
            let opened = client.opened().map_or_else(String::new, ToString::to_string);
            Ok(format!("{endpoint} {success} ({opened}, {:.1?})", started.elapsed()))
        }
        Answer::TooLarge => Err(at(endpoint, &"an empty request is too large for the server")),
        Answer::Retry { error, .. } | Answer::Refused(error) => Err(at(endpoint, &error)),
    }
}

/// The error, with the address if it does not contain it.
fn at(endpoint: &Endpoint, error: &dyn fmt::Display) -> String {
    let error = error.to_string();
    if error.contains(&endpoint.to_string()) { error } else { format!("{endpoint}: {error}") }
}

//! The caller's time-out.

use std::time::{Duration, Instant};

use http::HeaderMap;

/// The time-outs of a call, from the moment when the layer saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    begun: Instant,
    caller: Option<Duration>,
    server: Option<Duration>,
}

impl Deadline {
    /// Reads the caller's time-out from `grpc-timeout`. `None` if that is absent or invalid, and the server has none of its own; then the
    /// clock is not read.
    pub(crate) fn new(headers: &HeaderMap, server: Option<Duration>) -> Option<Self> {
        let caller = headers.get("grpc-timeout").and_then(|value| parse(value.as_bytes()));
        (caller.is_some() || server.is_some()).then(|| Deadline { begun: Instant::now(), caller, server })
    }

    /// The caller's time-out.
    pub(crate) fn timeout_ms(self) -> Option<f64> {
        Some(self.caller?.as_nanos() as f64 / 1e6)
    }

    /// Whether the caller's time-out has expired.
    pub(crate) fn is_over(self) -> bool {
        self.caller.is_some_and(|timeout| self.begun.elapsed() >= timeout)
    }

    /// Whether the time-out has expired for the caller, who started the clock before the call arrived: a twentieth of the time, a second
    /// at most, counts as expired.
    pub(crate) fn is_over_for_caller(self) -> bool {
        self.caller.is_some_and(|timeout| {
            let way = (timeout / 20).min(Duration::from_secs(1));
            self.begun.elapsed().saturating_add(way) >= timeout
        })
    }

    /// Whether the server's own time-out has expired.
    pub(crate) fn is_over_for_server(self) -> bool {
        self.server.is_some_and(|timeout| self.begun.elapsed() >= timeout)
    }
}

/// One to eight digits and a unit (gRPC over HTTP2, "Timeout").
fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !matches!(digits.len(), 1..=8) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

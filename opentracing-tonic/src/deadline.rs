//! The caller's time-out.

use std::time::{Duration, Instant};

use http::HeaderMap;

/// The time-out of a call, from the moment when the layer saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    begun: Instant,
    timeout: Duration,
}

impl Deadline {
    /// Reads `grpc-timeout`. `None` if it is absent or invalid; then the clock is not read.
    pub(crate) fn new(headers: &HeaderMap) -> Option<Self> {
        let timeout = parse(headers.get("grpc-timeout")?.as_bytes())?;
        Some(Deadline { begun: Instant::now(), timeout })
    }

    pub(crate) fn timeout_ms(self) -> f64 {
        self.timeout.as_nanos() as f64 / 1e6
    }

    /// Whether the time-out has expired.
    pub(crate) fn is_over(self) -> bool {
        self.begun.elapsed() >= self.timeout
    }

    /// Whether the time-out has expired for the caller, who started the clock before the call arrived: a twentieth of the time, a second
    /// at most, counts as expired.
    pub(crate) fn is_over_for_caller(self) -> bool {
        let way = (self.timeout / 20).min(Duration::from_secs(1));
        self.begun.elapsed().saturating_add(way) >= self.timeout
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

//! Which answers are errors.

use std::ops::RangeInclusive;

use http::StatusCode;

/// The status codes that make a span fail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ErrorStatuses {
    /// 500 and above. The default for servers, where a 4xx is the caller's failure, and for clients, as the Instana tracers have it.
    #[default]
    ServerErrors,
    /// 400 and above, as OpenTelemetry has it for clients.
    ClientAndServerErrors,
    /// Those within one of the ranges: `OneOf(&[429..=429, 500..=599])`.
    OneOf(&'static [RangeInclusive<u16>]),
    /// None. Transport failures still make a span fail.
    None,
}

impl ErrorStatuses {
    /// Whether the status makes the span fail. Codes above 599, which no registry knows, count as server errors.
    pub fn contain(self, status: StatusCode) -> bool {
        match self {
            ErrorStatuses::ServerErrors => status.as_u16() >= 500,
            ErrorStatuses::ClientAndServerErrors => status.as_u16() >= 400,
            ErrorStatuses::OneOf(ranges) => ranges.iter().any(|range| range.contains(&status.as_u16())),
            ErrorStatuses::None => false,
        }
    }
}

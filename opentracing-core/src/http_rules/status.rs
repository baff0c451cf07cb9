//! Which statuses are errors.

use std::ops::RangeInclusive;

use http::StatusCode;

/// Which HTTP statuses are errors.
///
/// ```
/// use http::StatusCode;
/// use opentracing_core::http_rules::ErrorStatuses;
///
/// assert!(!ErrorStatuses::default().contain(StatusCode::NOT_FOUND));
/// let throttled = ErrorStatuses::OneOf(&[429..=429, 500..=599]);
/// assert!(throttled.contain(StatusCode::TOO_MANY_REQUESTS));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ErrorStatuses {
    /// 500 and above: the default of servers, since a 4xx is the client's failure, and of clients, as in the Instana tracers.
    #[default]
    ServerErrors,
    /// 400 and above, as OpenTelemetry does for clients. The status of a client's span over OTLP follows that rule with any setting,
    /// unless the span has the tag `error=false`.
    ClientAndServerErrors,
    /// The statuses in one of the ranges: `OneOf(&[429..=429, 500..=599])`.
    OneOf(&'static [RangeInclusive<u16>]),
    /// No status. Failed connections are still errors.
    None,
}

impl ErrorStatuses {
    /// Whether the status is an error. Statuses above 599, which are not registered, count as server errors.
    pub fn contain(self, status: StatusCode) -> bool {
        match self {
            ErrorStatuses::ServerErrors => status.as_u16() >= 500,
            ErrorStatuses::ClientAndServerErrors => status.as_u16() >= 400,
            ErrorStatuses::OneOf(ranges) => ranges.iter().any(|range| range.contains(&status.as_u16())),
            ErrorStatuses::None => false,
        }
    }
}

//! Which answers are errors.

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
    /// None. Transport failures still make a span fail.
    None,
}

impl ErrorStatuses {
    /// Whether the status makes the span fail. Codes above 599, which no registry knows, count as server errors.
    pub fn contain(self, status: StatusCode) -> bool {
        match self {
            ErrorStatuses::ServerErrors => status.as_u16() >= 500,
            ErrorStatuses::ClientAndServerErrors => status.as_u16() >= 400,
            ErrorStatuses::None => false,
        }
    }
}

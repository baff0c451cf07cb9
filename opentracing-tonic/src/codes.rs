//! Status codes: names, and which are errors.

use std::fmt;

use tonic::Code;

/// Which status codes are errors.
///
/// ```
/// use opentracing_tonic::ErrorCodes;
/// use tonic::Code;
///
/// let codes = ErrorCodes::CLIENT.without(Code::NotFound);
/// assert!(codes.contain(Code::AlreadyExists) && !codes.contain(Code::NotFound));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct ErrorCodes(u32);

impl ErrorCodes {
    /// No codes.
    pub const NONE: ErrorCodes = ErrorCodes(0);

    /// `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS`: failures of the server
    /// (OpenTelemetry semantic conventions, gRPC). The default of servers.
    pub const SERVER: ErrorCodes = ErrorCodes::NONE
        .with(Code::Unknown)
        .with(Code::DeadlineExceeded)
        .with(Code::Unimplemented)
        .with(Code::Internal)
        .with(Code::Unavailable)
        .with(Code::DataLoss);

    /// All but `OK`. The default of clients.
    pub const CLIENT: ErrorCodes = ErrorCodes(0x1_fffe);

    /// Adds a code.
    pub const fn with(self, code: Code) -> Self {
        ErrorCodes(self.0 | 1 << code as u32)
    }

    /// Removes a code.
    pub const fn without(self, code: Code) -> Self {
        ErrorCodes(self.0 & !(1 << code as u32))
    }

    /// Whether the code is an error.
    pub const fn contain(self, code: Code) -> bool {
        self.0 & 1 << code as u32 != 0
    }
}

impl fmt::Debug for ErrorCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = (0..=16).map(Code::from_i32).filter(|code| self.contain(*code));
        f.debug_set().entries(codes.map(code_name)).finish()
    }
}

/// The name of a code in gRPC: `NOT_FOUND`.
///
/// ```
/// use tonic::Code;
///
/// assert_eq!(opentracing_tonic::code_name(Code::NotFound), "NOT_FOUND");
/// ```
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

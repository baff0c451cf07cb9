//! What a message handler may return.

use std::fmt::Display;

/// What a message handler returns: nothing, or a [`Result`] whose error is recorded in the span of the message.
///
/// Adapters for message brokers use it as the bound of their `handle` methods. It cannot be implemented for other types.
#[diagnostic::on_unimplemented(
    message = "a message handler cannot return `{Self}`",
    note = "a message handler returns `()`, or a `Result` whose error implements `Display`"
)]
pub trait HandlerOutput: sealed::Sealed {
    /// The error of a handler that failed.
    fn failure(&self) -> Option<&dyn Display>;
}

impl HandlerOutput for () {
    fn failure(&self) -> Option<&dyn Display> {
        None
    }
}

impl<T, E: Display> HandlerOutput for Result<T, E> {
    fn failure(&self) -> Option<&dyn Display> {
        self.as_ref().err().map(|error| error as &dyn Display)
    }
}

mod sealed {
    use std::fmt::Display;

    pub trait Sealed {}

    impl Sealed for () {}
    impl<T, E: Display> Sealed for Result<T, E> {}
}

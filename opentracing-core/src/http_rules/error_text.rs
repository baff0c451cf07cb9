//! Errors whose type need not be an error's.

use std::any::Any;
use std::error::Error;
use std::fmt;

/// An error, with what it says of itself.
///
/// The error of a service need only have `Display` and `Debug`: boxed errors do not implement [`Error`].
#[derive(Clone, Copy)]
pub struct ErrorText<'a> {
    display: &'a dyn fmt::Display,
    debug: &'a dyn fmt::Debug,
    any: &'a dyn Any,
    error: Option<&'a (dyn Error + 'static)>,
}

impl<'a> ErrorText<'a> {
    /// Takes an error of any type.
    pub fn new(error: &'a (impl fmt::Display + fmt::Debug + 'static)) -> Self {
        ErrorText { display: error, debug: error, any: error, error: boxed(error) }
    }

    /// Adds the error with its causes, where an adapter knows that the type has them.
    #[must_use]
    pub fn with_error(self, error: &'a (dyn Error + 'static)) -> Self {
        ErrorText { error: Some(error), ..self }
    }

    /// The error itself, if it is of that type.
    pub fn downcast_ref<E: 'static>(&self) -> Option<&'a E> {
        self.any.downcast_ref()
    }

    /// The error with its causes, if the adapter knows that its type has them: boxed errors, and those of the library that it traces.
    pub fn as_error(&self) -> Option<&'a (dyn Error + 'static)> {
        self.error
    }
}

fn boxed(error: &dyn Any) -> Option<&(dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<Box<dyn Error + Send + Sync>>() {
        return Some(&**error);
    }
    error.downcast_ref::<Box<dyn Error>>().map(|error| &**error)
}

impl fmt::Display for ErrorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display.fmt(f)
    }
}

impl fmt::Debug for ErrorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug.fmt(f)
    }
}

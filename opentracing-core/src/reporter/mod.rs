//! The `Reporter` trait and the finished spans that it receives.

pub(crate) mod finished;
pub(crate) mod held;
pub(crate) mod owned;
pub(crate) mod reporter;

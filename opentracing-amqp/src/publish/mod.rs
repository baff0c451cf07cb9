//! The span of a published message, and the future of its confirm.

pub(crate) mod confirm;
pub(crate) mod publish;

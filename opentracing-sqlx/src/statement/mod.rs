//! The execution of one statement: its span, its text on the way to the driver, its rows, and how it fails.

pub(crate) mod comment;
pub(crate) mod error;
pub(crate) mod query;
pub(crate) mod rows;
pub(crate) mod span;

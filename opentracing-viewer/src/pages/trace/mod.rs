//! The page of one trace.

mod columns;
mod details;
mod find;
mod handlers;
mod rows;
mod statistics;
mod value;
mod view;

pub(super) use self::handlers::{find, span, trace};

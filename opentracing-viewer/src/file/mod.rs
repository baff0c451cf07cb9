//! Spans in an SQLite file, across restarts.

mod database;
mod file;
mod record;
mod rows;
mod writer;

pub(crate) use self::file::open;

//! SQLite.

use sqlx::Sqlite;
use sqlx::sqlite::SqliteConnectOptions;

use crate::database::target::Target;
use crate::database::tracing_database;
use crate::sql::Dialect;

tracing_database!(Sqlite, target);

/// The file is the database. sqlx generates a file name for a database in memory.
fn target(options: &SqliteConnectOptions) -> Target {
    let file = options.get_filename().to_string_lossy();
    let name = if file.starts_with("file:sqlx-in-memory") { ":memory:" } else { &file };
    Target::new(Dialect::Sqlite).instance(Some(name))
}

//! The tables.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::record;
use crate::model::{Resource, Span};
use crate::store::codec::{Inline, Reader, put_fields};
use crate::store::dictionary::Texts;

/// An open file.
pub(super) struct Database {
    connection: Connection,
    /// The processes that have a row.
    resources: HashMap<Arc<str>, Vec<(Arc<Resource>, i64)>>,
}

/// Marks the file as one of a viewer: "OTVW".
const APPLICATION_ID: i32 = 0x4f54_5657;

/// The version of the tables.
const VERSION: i32 = 1;

const TABLES: &str = "
    CREATE TABLE resources (id INTEGER PRIMARY KEY, service TEXT NOT NULL, tags BLOB NOT NULL) STRICT;
    CREATE TABLE spans (row INTEGER PRIMARY KEY, resource INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
";

/// Processes that are remembered.
const MAX_RESOURCES: usize = 8192;

impl Database {
    /// Opens a file, or creates it. Only its owner can read it, since spans may hold secrets.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        create(path)?;
        let connection = Connection::open(path).map_err(error)?;
        // An exclusive lock from the first read on: two viewers would mix up their rows.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(error)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(error)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(error)?;
        let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(error);
        match (number("application_id")?, number("user_version")?) {
            (0, 0) if is_empty(&connection)? => {
                connection.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;")).map_err(error)?;
                connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(error)?;
                connection.pragma_update(None, "user_version", VERSION).map_err(error)?;
            }
            (APPLICATION_ID, VERSION) => {}
            (APPLICATION_ID, version) => {
                return Err(io::Error::other(format!("the file is of another version of the viewer ({version})")));
            }
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is not one of the viewer")),
        }
        Ok(Database { connection, resources: HashMap::new() })
    }

    /// Calls `batch` with the spans of the file, the oldest first, and the row of the first one. No row is
    /// missing among them. Returns the number of spans that cannot be read.
    pub(super) fn read(&mut self, mut batch: impl FnMut(i64, Vec<Span>)) -> io::Result<usize> {
        const BATCH: usize = 1000;
        self.connection
            .execute("DELETE FROM resources WHERE id NOT IN (SELECT resource FROM spans)", [])
            .map_err(error)?;
        let resources = self.read_resources()?;
        let mut broken = 0;
        let mut statement =
            self.connection.prepare("SELECT row, resource, body FROM spans ORDER BY row").map_err(error)?;
        let mut rows = statement.query([]).map_err(error)?;
        let (mut first, mut next, mut spans) = (0, 0, Vec::new());
        while let Some(row) = rows.next().map_err(error)? {
            let number: i64 = row.get(0).map_err(error)?;
            let resource: i64 = row.get(1).map_err(error)?;
            let body = row.get_ref(2).map_err(error)?.as_blob().unwrap_or_default();
            let Some(span) = resources.get(&resource).and_then(|resource| record::decode(body, resource)) else {
                broken += 1;
                continue;
            };
            if number != next || spans.len() == BATCH {
                batch(first, std::mem::take(&mut spans));
                first = number;
            }
            spans.push(span);
            next = number + 1;
        }
        batch(first, spans);
        drop(rows);
        drop(statement);
        for (number, resource) in resources {
            self.remember(resource, number);
        }
        Ok(broken)
    }

    pub(super) fn last_row(&self) -> io::Result<i64> {
        self.connection.query_row("SELECT ifnull(max(row), 0) FROM spans", [], |row| row.get(0)).map_err(error)
    }

    /// Writes spans with consecutive rows, and deletes rows before `before`, in one transaction.
    pub(super) fn write(&mut self, batches: &[(i64, Vec<Span>)], before: Option<i64>) -> io::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(error)?;
        let written = self.write_batches(batches, before);
        let end = if written.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.connection.execute_batch(end).map_err(error);
        if written.is_err() {
            // The numbers of processes may have been rolled back.
            self.resources.clear();
        }
        written.and(ended)
    }

    fn write_batches(&mut self, batches: &[(i64, Vec<Span>)], before: Option<i64>) -> io::Result<()> {
        let mut body = Vec::new();
        for (first, spans) in batches {
            for (row, span) in (*first..).zip(spans) {
                let resource = self.resource(&span.resource)?;
                body.clear();
                record::encode(span, &mut body);
                let mut insert = self
                    .connection
                    .prepare_cached("INSERT INTO spans (row, resource, body) VALUES (?, ?, ?)")
                    .map_err(error)?;
                insert.execute(params![row, resource, body]).map_err(error)?;
            }
        }
        if let Some(before) = before {
            self.connection.execute("DELETE FROM spans WHERE row < ?", [before]).map_err(error)?;
        }
        Ok(())
    }

    fn resource(&mut self, resource: &Arc<Resource>) -> io::Result<i64> {
        let known = self.resources.get(&*resource.service);
        let known =
            known.and_then(|known| known.iter().find(|(other, _)| Arc::ptr_eq(other, resource) || other == resource));
        if let Some((_, number)) = known {
            return Ok(*number);
        }
        let mut tags = Vec::new();
        put_fields(&resource.tags, &mut Inline, &mut tags);
        let mut insert =
            self.connection.prepare_cached("INSERT INTO resources (service, tags) VALUES (?, ?)").map_err(error)?;
        let number = insert.insert(params![resource.service.as_str(), tags]).map_err(error)?;
        drop(insert);
        self.remember(resource.clone(), number);
        Ok(number)
    }

    fn remember(&mut self, resource: Arc<Resource>, number: i64) {
        if self.resources.values().map(Vec::len).sum::<usize>() >= MAX_RESOURCES {
            self.resources.clear();
        }
        self.resources.entry(resource.service.as_str().into()).or_default().push((resource, number));
    }

    fn read_resources(&self) -> io::Result<HashMap<i64, Arc<Resource>>> {
        let mut statement = self.connection.prepare("SELECT id, service, tags FROM resources").map_err(error)?;
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?)));
        let mut resources = HashMap::new();
        for row in rows.map_err(error)? {
            let (number, service, tags): (i64, String, Vec<u8>) = row.map_err(error)?;
            let tags = Reader::of_fields(&tags).fields(&Texts::default()).unwrap_or_default();
            resources.insert(number, Arc::new(Resource::new(service, tags)));
        }
        Ok(resources)
    }
}

fn is_empty(connection: &Connection) -> io::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0)).map_err(error)
}

/// Creates the file and its folder for the owner alone. SQLite gives the files beside it the same permissions.
fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
    }
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.create(true).append(true).open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

fn error(error: rusqlite::Error) -> io::Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy) => {
            io::Error::new(io::ErrorKind::ResourceBusy, "another viewer uses the file")
        }
        Some(rusqlite::ErrorCode::NotADatabase) => {
            io::Error::new(io::ErrorKind::InvalidData, "the file is not one of the viewer")
        }
        _ => io::Error::other(error),
    }
}

//! `data.pg` and `data.mysql`.

use crate::instana::data::{MAX_STATEMENT_CHARS, Source};
use crate::instana::facts::{to_text, truncate};
use crate::wire::json::Object;

pub(crate) const TAGS: &[&str] = &[
    "db.system",
    "db.system.name",
    "db.type",
    "db.statement",
    "db.instance",
    "db.user",
    "peer.hostname",
    "peer.ipv4",
    "peer.ipv6",
    "peer.port",
];

pub(crate) fn write(source: Source<'_, '_>, name: &str, data: &mut Object<'_>) {
    let Source { span, facts, detail, .. } = source;
    data.object(name, |database| {
        let statement = facts.db_statement.map(to_text);
        // Statements such as `COMMIT` are in the name only.
        let statement = statement.as_deref().unwrap_or(span.operation_name());
        database.text("stmt", detail.text(truncate(statement, MAX_STATEMENT_CHARS)));
        source.text(database, "host", facts.peer_host());
        source.text(database, "port", facts.peer_port);
        source.text(database, "user", facts.db_user);
        source.text(database, "db", facts.db_instance);
        source.error(database, None);
    });
}

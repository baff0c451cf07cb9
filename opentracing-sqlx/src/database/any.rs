//! `sqlx::Any`: the database that the URL names.

use sqlx::Any;
use sqlx::any::AnyConnectOptions;

use crate::database::target::Target;
use crate::database::tracing_database;
use crate::sql::Dialect;

tracing_database!(Any, target);

fn target(options: &AnyConnectOptions) -> Target {
    let url = &options.database_url;
    let (dialect, port) = match url.scheme() {
        "postgres" | "postgresql" => (Dialect::Postgres, 5432),
        "mysql" | "mariadb" => (Dialect::MySql, 3306),
        _ => {
            // SQLite URLs have no host and path: `sqlite::memory:`, `sqlite:file.db`, `sqlite://file.db?mode=rwc`.
            let file = url.as_str().split_once(':').and_then(|(_, rest)| rest.split('?').next()).unwrap_or_default();
            return Target::new(Dialect::Sqlite).instance(Some(file.strip_prefix("//").unwrap_or(file)));
        }
    };
    let target = Target::new(dialect)
        .named_by(url.as_str())
        .instance(Some(url.path().trim_start_matches('/')))
        .user(url.username());
    target.host(url.host_str().unwrap_or("localhost"), url.port().unwrap_or(port))
}

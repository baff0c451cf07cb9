//! PostgreSQL.

use sqlx::Postgres;
use sqlx::postgres::PgConnectOptions;

use crate::database::target::Target;
use crate::database::tracing_database;
use crate::sql::Dialect;

tracing_database!(Postgres, target);

fn target(options: &PgConnectOptions) -> Target {
    let user = options.get_username();
    // The default database has the name of the user (libpq, "Connection Strings").
    let target = Target::new(Dialect::Postgres).instance(options.get_database().or(Some(user))).user(user);
    match options.get_socket() {
        Some(socket) => target.socket(&socket.to_string_lossy()),
        None => target.host(options.get_host(), options.get_port()),
    }
}

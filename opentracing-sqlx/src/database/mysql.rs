//! MySQL and MariaDB.

use sqlx::MySql;
use sqlx::mysql::MySqlConnectOptions;

use crate::database::target::Target;
use crate::database::tracing_database;
use crate::sql::Dialect;

tracing_database!(MySql, target);

fn target(options: &MySqlConnectOptions) -> Target {
    let target = Target::new(Dialect::MySql).instance(options.get_database()).user(options.get_username());
    match options.get_socket() {
        Some(socket) => target.socket(&socket.to_string_lossy()),
        None => target.host(options.get_host(), options.get_port()),
    }
}

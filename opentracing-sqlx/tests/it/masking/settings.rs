//! Statements that set keys, passwords, paths and parameters. They are not executed: most of them change the server, and no database
//! says what it took for a value there.

use opentracing_core::mock::MockTracer;
use sqlx::AssertSqlSafe;

use crate::masking::generator::{Generator, Intent};
use crate::masking::oracle::Database;

/// `{}` stands for a value: in quotes of any kind, or without them.
const COMMON: &[&str] = &["SET x = {}", "SET a = 1, x = {}"];
const POSTGRES: &[&str] = &[
    "CREATE ROLE r LOGIN PASSWORD {}",
    "CREATE USER r WITH ENCRYPTED PASSWORD {} VALID UNTIL {}",
    "ALTER ROLE r PASSWORD {}",
    "ALTER ROLE r IN DATABASE d SET a.key TO {}",
    "ALTER SYSTEM SET primary_conninfo = {}",
    "ALTER DATABASE d SET a.key = {}",
    "SET LOCAL a.key TO {}",
    "SET SESSION a.key = {}, {}",
    "SET TIME ZONE {}",
    "CREATE USER MAPPING FOR r SERVER s OPTIONS (user {}, password {})",
    "ALTER USER MAPPING FOR r SERVER s OPTIONS (SET password {}, ADD sslkey {})",
    "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host {}, dbname {})",
    "CREATE FOREIGN TABLE f (a int) SERVER s OPTIONS (path {})",
    "CREATE SUBSCRIPTION s CONNECTION {} PUBLICATION p WITH (slot_name = {})",
    "ALTER SUBSCRIPTION s CONNECTION {}",
    "COPY t FROM {}",
    "COPY t (a, b) TO PROGRAM {} WITH (FORMAT csv, NULL {}, DELIMITER {})",
    "COPY (SELECT 1) TO {} (QUOTE {})",
    "IMPORT FOREIGN SCHEMA f FROM SERVER s INTO i OPTIONS (a {})",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET a.key TO {}",
];
const MARIADB: &[&str] = &[
    "CREATE USER u IDENTIFIED BY {}",
    "CREATE USER u@h IDENTIFIED VIA ed25519 USING {}",
    "ALTER USER u IDENTIFIED WITH mysql_native_password AS {}",
    "GRANT ALL ON a.* TO u IDENTIFIED BY PASSWORD {}",
    "SET PASSWORD = {}",
    "SET PASSWORD FOR u = {}",
    "SET GLOBAL a = ON, SESSION b = {}",
    "SET @a = {}, @@b = {}",
    "CHANGE MASTER TO MASTER_HOST = {}, MASTER_PASSWORD = {}",
    "START SLAVE UNTIL MASTER_LOG_FILE = {}",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER {}, PASSWORD {})",
];
const SQLITE: &[&str] = &[
    "PRAGMA key = {}",
    "PRAGMA key({})",
    "PRAGMA main.rekey = {}",
    "PRAGMA hexkey = {}",
    "PRAGMA cipher_salt = {}",
    "PRAGMA temp_store_directory = {}",
    "PRAGMA a.data_store_directory({})",
    "ATTACH {} AS a",
    "ATTACH DATABASE {} AS a KEY {}",
    "VACUUM INTO {}",
    "VACUUM main INTO {}",
];

impl Generator {
    /// A value as someone might write it, rightly or not.
    fn any_value(&mut self) -> String {
        let word = self.word(Intent::Value);
        match self.random.below(6) {
            0 => word,
            1 if self.database != Database::MariaDb => format!("\"{word}\""),
            2 if self.database != Database::Postgres => format!("\"{word}\""),
            3 => format!("'{word}''{word}'"),
            _ => self.value(),
        }
    }

    fn setting(&mut self, templates: &[&str]) -> String {
        let mut sql = String::new();
        let mut parts = self.random.pick(templates).split("{}");
        sql.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let value = self.any_value();
            sql.extend([&value, part]);
        }
        sql
    }
}

macro_rules! settings {
    ($database:ident $test:ident $kind:expr, $templates:expr) => {
        #[tokio::test]
        async fn $test() {
            let mock = MockTracer::new();
            let pool = crate::databases::$database::closed(&mock).await;
            let mut generator = Generator::new($kind, true, 7);
            let templates = [COMMON, $templates].concat();
            for _ in 0..2_000 {
                let first = generator.number_of_canaries();
                let sql = generator.setting(&templates);
                mock.reset();
                sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&pool).await.unwrap_err();
                let shown = super::shown(&crate::support::only_span(&mock));
                for canary in generator.canaries_from(first) {
                    assert!(!shown.contains(&canary.text), "{}", super::leak(&canary.text, &sql, &shown));
                }
            }
        }
    };
}

settings!(sqlite sqlite_settings_are_masked Database::Sqlite, SQLITE);
settings!(postgres postgres_settings_are_masked Database::Postgres, POSTGRES);
settings!(mysql mariadb_settings_are_masked Database::MariaDb, MARIADB);

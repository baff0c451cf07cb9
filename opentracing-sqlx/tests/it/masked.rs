//! What masked statements show, by the rules of each database. They need no server: the pool is closed.

macro_rules! masks {
    ($feature:literal $database:ident $test:ident $rows:expr) => {
        #[cfg(feature = $feature)]
        #[tokio::test]
        async fn $test() {
            for (sql, masked) in $rows {
                let mock = opentracing_core::mock::MockTracer::new();
                let pool = crate::databases::$database::closed(&mock).await;
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap_err();
                let statement = crate::support::tag(&crate::support::only_span(&mock), "db.statement").unwrap();
                assert_eq!(statement, *masked, "{sql}");
            }
        }
    };
}

#[cfg(feature = "sqlite")]
const SQLITE: &[(&str, &str)] = &[
    // A string if there is no such column.
    ("SELECT \"sesame\"", "SELECT ?"),
    ("SELECT id, \"sesame\" AS kind FROM t", "SELECT id, ? AS kind FROM t"),
    ("INSERT INTO t (a) SELECT \"sesame\"", "INSERT INTO t (a) SELECT ?"),
    ("SELECT a FROM t WHERE \"sesame\" = name", "SELECT a FROM t WHERE ? = name"),
    ("SELECT a FROM t WHERE a AND \"sesame\" = b", "SELECT a FROM t WHERE a AND ? = b"),
    ("SELECT a FROM t WHERE a OR \"sesame\" LIKE a", "SELECT a FROM t WHERE a OR ? LIKE a"),
    ("SELECT CASE \"sesame\" WHEN a THEN b END", "SELECT CASE ? WHEN a THEN b END"),
    ("SELECT 5 * \"sesame\"", "SELECT ? * ?"),
    ("SELECT a FROM t ORDER BY \"sesame\"", "SELECT a FROM t ORDER BY ?"),
    ("SELECT a IS DISTINCT FROM \"sesame\" FROM t", "SELECT a IS DISTINCT FROM ? FROM t"),
    ("SELECT a IS NOT DISTINCT FROM (\"sesame\" || b)", "SELECT a IS NOT DISTINCT FROM (? || b)"),
    ("SELECT f(a, \"sesame\") FROM \"t\"", "SELECT f(a, ?) FROM \"t\""),
    ("INSERT INTO t VALUES (1) RETURNING \"sesame\"", "INSERT INTO t VALUES (?) RETURNING ?"),
    ("CREATE TABLE t (\"a\" TEXT DEFAULT \"sesame\", \"b\" INT)", "CREATE TABLE t (\"a\" TEXT DEFAULT ?, \"b\" INT)"),
    // A name in every case.
    ("SELECT \"u\".\"a\" FROM \"t\" AS \"u\", \"v\"", "SELECT \"u\".\"a\" FROM \"t\" AS \"u\", \"v\""),
    ("SELECT u.\"a\" FROM (\"t\" JOIN \"u\")", "SELECT u.\"a\" FROM (\"t\" JOIN \"u\")"),
    ("INSERT INTO \"t\" (\"a\", \"b\") VALUES (1, 2)", "INSERT INTO \"t\" (\"a\", \"b\") VALUES (?, ?)"),
    ("UPDATE OR IGNORE \"t\" SET \"a\" = \"x\", \"b\" = 2", "UPDATE OR IGNORE \"t\" SET \"a\" = ?, \"b\" = ?"),
    (
        "INSERT INTO t VALUES (1) ON CONFLICT (\"a\") DO NOTHING",
        "INSERT INTO t VALUES (?) ON CONFLICT (\"a\") DO NOTHING",
    ),
    ("WITH \"x\" (\"a\") AS (SELECT 1) SELECT * FROM \"x\"", "WITH \"x\" (\"a\") AS (SELECT ?) SELECT * FROM \"x\""),
    ("CREATE INDEX \"i\" ON \"t\" (a)", "CREATE INDEX \"i\" ON \"t\" (a)"),
    ("ALTER TABLE \"t\" RENAME COLUMN \"a\" TO \"b\"", "ALTER TABLE \"t\" RENAME COLUMN \"a\" TO \"b\""),
    ("DROP TABLE IF EXISTS \"t\"", "DROP TABLE IF EXISTS \"t\""),
    // Keys, passwords and paths.
    ("PRAGMA key = sesame", "PRAGMA key = ?"),
    ("PRAGMA key(\"sesame\")", "PRAGMA key(?)"),
    ("PRAGMA main.rekey = 'sesame'", "PRAGMA main.rekey = ?"),
    ("PRAGMA cipher_salt = \"x'01'\"", "PRAGMA cipher_salt = ?"),
    ("PRAGMA temp_store_directory = sesame", "PRAGMA temp_store_directory = ?"),
    ("PRAGMA journal_mode = wal", "PRAGMA journal_mode = wal"),
    ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys = ON"),
    ("PRAGMA table_info(users)", "PRAGMA table_info(users)"),
    ("ATTACH DATABASE sesame AS x KEY sesame", "ATTACH DATABASE ? AS x KEY ?"),
    ("ATTACH \"sesame\" AS \"x\"", "ATTACH ? AS \"x\""),
    ("VACUUM INTO \"sesame\"", "VACUUM INTO ?"),
    ("VACUUM main INTO sesame", "VACUUM main INTO ?"),
    ("CREATE VIRTUAL TABLE t USING fts5(a, key=sesame, \"sesame\")", "CREATE VIRTUAL TABLE t USING fts5(a, key=?, ?)"),
    // Names with quotes of other kinds are never strings.
    ("SELECT `a`, [b] FROM t", "SELECT `a`, [b] FROM t"),
    ("SELECT 'a\\', b FROM t", "SELECT ?, b FROM t"),
];

#[cfg(feature = "postgres")]
const POSTGRES: &[(&str, &str)] = &[
    // A string goes on behind a line break.
    ("SELECT E'a'\n'b\\'sesame'", "SELECT ?"),
    ("SELECT E'a' -- it's\n \n  'b\\'sesame', c", "SELECT ?, c"),
    ("SELECT 'a'\r'b', 'c' 'd'", "SELECT ?, ? ?"),
    ("SELECT 'a' /* x */\n'b'", "SELECT ? ?"),
    ("SELECT U&'a'\n'b' UESCAPE '!'", "SELECT ? UESCAPE ?"),
    ("SELECT -- it's\r'sesame'\n, a", "SELECT ? , a"),
    // With standard_conforming_strings off, a backslash escapes in every string.
    ("SELECT 'C:\\', a FROM t WHERE b = 'x'", "SELECT ?, a FROM t WHERE b = ?"),
    ("SELECT 'it\\'s', 'C:\\'", "SELECT ?"),
    ("SELECT 'a\\', 'sesame', 'b\\', c", "SELECT ?, ?, ?, c"),
    // Operators are no placeholders.
    ("SELECT a ?5, @5, a @@b, -@ 7, $1$$sesame$$", "SELECT a ??, @?, a @@b, -@ ?, $1?"),
    ("SELECT a[1:n], b::text FROM t", "SELECT a[?:n], b::text FROM t"),
    ("SELECT `a, b", "SELECT `a, b"),
    ("SELECT U&\"d\\0061t\" FROM t", "SELECT U&\"d\\0061t\" FROM t"),
    ("SELECT $a$b$c$sesame$a$, d$e$f FROM t", "SELECT ?, d$e$f FROM t"),
    // Keys, passwords and values without quotes.
    ("SET app.key = sesame", "SET app.key = ?"),
    ("SET LOCAL app.key TO sesame, \"sesame\"", "SET LOCAL app.key TO ?, ?"),
    ("SET enable_seqscan TO off", "SET enable_seqscan TO off"),
    ("SET TIME ZONE sesame", "SET TIME ZONE ?"),
    ("ALTER SYSTEM SET primary_conninfo = sesame", "ALTER SYSTEM SET primary_conninfo = ?"),
    ("ALTER ROLE ada SET app.key TO sesame", "ALTER ROLE ada SET app.key TO ?"),
    ("CREATE ROLE ada LOGIN PASSWORD \"sesame\"", "CREATE ROLE ada LOGIN PASSWORD ?"),
    ("ALTER USER ada PASSWORD NULL", "ALTER USER ada PASSWORD NULL"),
    (
        "CREATE USER MAPPING FOR ada SERVER s OPTIONS (user 'ada', password sesame)",
        "CREATE USER MAPPING FOR ada SERVER s OPTIONS (user ?, password ?)",
    ),
    ("COPY t (a) TO \"sesame\" WITH (FORMAT csv, NULL sesame)", "COPY t (a) TO ? WITH (FORMAT csv, NULL ?)"),
    ("COPY t FROM PROGRAM sesame", "COPY t FROM PROGRAM ?"),
    ("CREATE SUBSCRIPTION s CONNECTION \"sesame\" PUBLICATION p", "CREATE SUBSCRIPTION s CONNECTION ? PUBLICATION p"),
    ("CREATE TABLESPACE t LOCATION \"/sesame\"", "CREATE TABLESPACE t LOCATION ?"),
    ("COMMENT ON TABLE t IS \"sesame\"", "COMMENT ON TABLE t IS ?"),
];

#[cfg(feature = "mysql")]
const MYSQL: &[(&str, &str)] = &[
    ("SELECT 'it\\'s', \"a\\\"b\" FROM t", "SELECT ?, ? FROM t"),
    // With NO_BACKSLASH_ESCAPES, the backslash is part of the string.
    ("INSERT INTO t VALUES ('C:\\', 'sesame')", "INSERT INTO t VALUES (?"),
    ("SELECT 'a\\', 'b', 'sesame\\', c", "SELECT ?"),
    ("SELECT 'a\\\\', b FROM t", "SELECT ?, b FROM t"),
    // Executed comments, which other versions skip.
    ("SELECT /*!50000 'sesame', */ a FROM t", "SELECT a FROM t"),
    ("SELECT /*! '*/ sesame' */ a FROM t", "SELECT"),
    ("SELECT /*M!100100 a, */ b", "SELECT b"),
    ("SELECT $a, a$b, @c, @@d, @5 FROM t", "SELECT $a, a$b, @c, @@d, @? FROM t"),
    ("SELECT x'41', 0x41, b'1', N'a', _utf8mb4'b', _utf8 \"c\"", "SELECT ?, ?, ?, ?, _utf8mb4?, _utf8 ?"),
    ("SELECT 1 # it's\n, a -- it's\n, b", "SELECT ? , a , b"),
    // Keys and passwords without quotes.
    ("CREATE USER ada IDENTIFIED BY sesame", "CREATE USER ada IDENTIFIED BY ?"),
    (
        "CREATE USER ada IDENTIFIED VIA ed25519 USING PASSWORD('sesame')",
        "CREATE USER ada IDENTIFIED VIA ed25519 USING PASSWORD(?)",
    ),
    ("GRANT ALL ON *.* TO ada IDENTIFIED BY PASSWORD sesame", "GRANT ALL ON *.* TO ada IDENTIFIED BY PASSWORD ?"),
    ("SET PASSWORD FOR ada = sesame", "SET PASSWORD FOR ada = ?"),
    ("SET GLOBAL a = ON, SESSION b = sesame, @c := NOW()", "SET GLOBAL a = ON, SESSION b = ?, @c := NOW()"),
    (
        "SET STATEMENT max_statement_time = 1 FOR SELECT a FROM t",
        "SET STATEMENT max_statement_time = ? FOR SELECT a FROM t",
    ),
    (
        "CHANGE MASTER TO MASTER_HOST = 'x', MASTER_PASSWORD = sesame",
        "CHANGE MASTER TO MASTER_HOST = ?, MASTER_PASSWORD = ?",
    ),
];

masks!("sqlite" sqlite sqlite_masks_values SQLITE);
masks!("postgres" postgres postgres_masks_values POSTGRES);
masks!("mysql" mysql mysql_masks_values MYSQL);

#[cfg(feature = "postgres")]
#[tokio::test]
async fn lists_can_be_folded() {
    let mock = opentracing_core::mock::MockTracer::new();
    let pool = crate::databases::postgres::closed(&mock).await;
    for (sql, kept, folded) in [
        ("SELECT 1 IN (1, 2)", "SELECT ? IN (?, ?)", "SELECT ? IN (?)"),
        ("SELECT a FROM t WHERE a in($1)", "SELECT a FROM t WHERE a in($1)", "SELECT a FROM t WHERE a in(?)"),
        (
            "SELECT a FROM t WHERE a = $1 AND b NOT IN ($2, $3) AND c = $4",
            "SELECT a FROM t WHERE a = $1 AND b NOT IN ($2, $3) AND c = $4",
            "SELECT a FROM t WHERE a = $1 AND b NOT IN (?) AND c = ?",
        ),
        ("SELECT (a, b) IN ((1, 2), (3, -4))", "SELECT (a, b) IN ((?, ?), (?, -?))", "SELECT (a, b) IN (?)"),
        ("SELECT a IN ($1::int, 'x', NULL)", "SELECT a IN ($1::int, ?, NULL)", "SELECT a IN (?)"),
        ("SELECT a IN (b, 1)", "SELECT a IN (b, ?)", "SELECT a IN (b, ?)"),
        ("SELECT a IN (SELECT 1)", "SELECT a IN (SELECT ?)", "SELECT a IN (SELECT ?)"),
    ] {
        for (pool, expected) in [(pool.clone(), kept), (pool.clone().fold_in_lists(), folded)] {
            mock.reset();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap_err();
            let statement = crate::support::tag(&crate::support::only_span(&mock), "db.statement").unwrap();
            assert_eq!(statement, expected, "{sql}");
        }
    }
}

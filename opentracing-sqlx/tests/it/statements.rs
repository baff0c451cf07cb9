//! Names, tables and masked text of statements. They need no server: the pool is closed, and the span shows the statement anyway.

macro_rules! reads {
    ($feature:literal $database:ident $test:ident $rows:expr) => {
        #[cfg(feature = $feature)]
        #[tokio::test]
        async fn $test() {
            for (sql, name, masked) in $rows {
                let mock = opentracing_core::mock::MockTracer::new();
                let pool = crate::databases::$database::closed(&mock).await;
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap_err();
                let span = crate::support::only_span(&mock);
                let statement = crate::support::tag(&span, "db.statement").unwrap();
                assert_eq!((&*span.operation_name, statement.as_str()), (name, masked), "{sql}");
                let (operation, table) = ("db.operation.name", "db.collection.name");
                let tags = [operation, table].map(|key| crate::support::tag(&span, key));
                let recorded: Vec<&str> = tags.iter().flatten().map(String::as_str).collect();
                let first = name.split("; ").next().unwrap_or_default();
                assert!(recorded.join(" ") == first || tags[0].is_none(), "{sql}: {recorded:?}");
            }
        }
    };
}

/// The same in all dialects.
const COMMON: &[(&str, &str, &str)] = &[
    // Operations and tables.
    ("select * from users", "SELECT users", "select * from users"),
    ("SELECT 1", "SELECT", "SELECT ?"),
    ("SELECT a FROM shop.users u WHERE u.b = 'x'", "SELECT shop.users", "SELECT a FROM shop.users u WHERE u.b = ?"),
    (
        "SELECT a, (SELECT max(b) FROM orders) FROM users",
        "SELECT users",
        "SELECT a, (SELECT max(b) FROM orders) FROM users",
    ),
    (
        "SELECT a FROM (SELECT b FROM orders WHERE c = 1) AS o",
        "SELECT orders",
        "SELECT a FROM (SELECT b FROM orders WHERE c = ?) AS o",
    ),
    ("SELECT a FROM (users JOIN orders ON b = c)", "SELECT users", "SELECT a FROM (users JOIN orders ON b = c)"),
    ("SELECT extract(year FROM born) FROM users", "SELECT users", "SELECT extract(year FROM born) FROM users"),
    ("SELECT a IS DISTINCT FROM b FROM users", "SELECT users", "SELECT a IS DISTINCT FROM b FROM users"),
    (
        "(SELECT a FROM users) UNION (SELECT a FROM old)",
        "SELECT users",
        "(SELECT a FROM users) UNION (SELECT a FROM old)",
    ),
    ("INSERT INTO users (id, name) VALUES (1, 'ada')", "INSERT users", "INSERT INTO users (id, name) VALUES (?, ?)"),
    (
        "INSERT INTO users SELECT * FROM old WHERE id > 7",
        "INSERT users",
        "INSERT INTO users SELECT * FROM old WHERE id > ?",
    ),
    ("UPDATE users SET name = 'x', n = n + 1", "UPDATE users", "UPDATE users SET name = ?, n = n + ?"),
    ("DELETE FROM users WHERE id IN (1, 2.5, -3e-7)", "DELETE users", "DELETE FROM users WHERE id IN (?, ?, -?)"),
    (
        "WITH new AS (SELECT * FROM orders) SELECT * FROM new",
        "SELECT orders",
        "WITH new AS (SELECT * FROM orders) SELECT * FROM new",
    ),
    (
        "WITH a (x) AS (SELECT 1), b AS (SELECT * FROM orders) INSERT INTO users SELECT * FROM a, b",
        "INSERT users",
        "WITH a (x) AS (SELECT ?), b AS (SELECT * FROM orders) INSERT INTO users SELECT * FROM a, b",
    ),
    (
        "WITH RECURSIVE t AS (SELECT id FROM parts UNION ALL SELECT p.id FROM parts p JOIN t ON p.up = t.id) SELECT * FROM t",
        "SELECT parts",
        "WITH RECURSIVE t AS (SELECT id FROM parts UNION ALL SELECT p.id FROM parts p JOIN t ON p.up = t.id) SELECT * FROM t",
    ),
    (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
        "SELECT",
        "WITH RECURSIVE n (i) AS (SELECT ? UNION ALL SELECT i + ? FROM n WHERE i < ?) SELECT i FROM n",
    ),
    ("CREATE TABLE IF NOT EXISTS users (id INT)", "CREATE TABLE users", "CREATE TABLE IF NOT EXISTS users (id INT)"),
    (
        "CREATE UNIQUE INDEX by_name ON users (name)",
        "CREATE INDEX users",
        "CREATE UNIQUE INDEX by_name ON users (name)",
    ),
    (
        "ALTER TABLE users ADD COLUMN n INT DEFAULT 7",
        "ALTER TABLE users",
        "ALTER TABLE users ADD COLUMN n INT DEFAULT ?",
    ),
    ("DROP TABLE IF EXISTS users", "DROP TABLE users", "DROP TABLE IF EXISTS users"),
    ("EXPLAIN SELECT * FROM users", "EXPLAIN users", "EXPLAIN SELECT * FROM users"),
    ("SAVEPOINT a", "SAVEPOINT", "SAVEPOINT a"),
    ("ROLLBACK TO SAVEPOINT a", "ROLLBACK TO SAVEPOINT", "ROLLBACK TO SAVEPOINT a"),
    // Several statements.
    ("BEGIN; DELETE FROM users; COMMIT;", "BEGIN; DELETE users; COMMIT", "BEGIN; DELETE FROM users; COMMIT;"),
    (
        "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)",
        "INSERT a",
        "INSERT INTO a VALUES (?); INSERT INTO a VALUES (?)",
    ),
    (
        "DELETE FROM a; DELETE FROM b; DELETE FROM c; DELETE FROM d; DELETE FROM e",
        "DELETE a; DELETE b; DELETE c; …",
        "DELETE FROM a; DELETE FROM b; DELETE FROM c; DELETE FROM d; DELETE FROM e",
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE o SET n = 1; DELETE FROM p; END",
        "CREATE TRIGGER users",
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE o SET n = ?; DELETE FROM p; END",
    ),
    ("SELECT ';' FROM users", "SELECT users", "SELECT ? FROM users"),
    // Comments and white space.
    ("-- who\nSELECT 'it''s' /* a\nb */ FROM\n\tusers -- all", "SELECT users", "SELECT ? FROM users"),
    ("/* SELECT secret */ DELETE FROM users", "DELETE users", "DELETE FROM users"),
    // Literals.
    (
        "SELECT x'CAFE', N'é', a1, t2.b3 FROM users WHERE c=0x1F",
        "SELECT users",
        "SELECT ?, ?, a1, t2.b3 FROM users WHERE c=?",
    ),
    ("SELECT .5, 1e10, 1.5E+3, a FROM users", "SELECT users", "SELECT ?, ?, ?, a FROM users"),
    ("SELECT 'naïve', größe FROM straße", "SELECT straße", "SELECT ?, größe FROM straße"),
    // Unterminated literals and comments are masked to the end.
    ("SELECT * FROM users WHERE a = 'sesame", "SELECT users", "SELECT * FROM users WHERE a = ?"),
    ("SELECT * FROM users /* sesame", "SELECT users", "SELECT * FROM users"),
    ("DELETE FROM (", "DELETE", "DELETE FROM ("),
    ("WITH a AS (SELECT", "WITH", "WITH a AS (SELECT"),
];

#[cfg(feature = "sqlite")]
const SQLITE: &[(&str, &str, &str)] = &[
    (
        "INSERT OR REPLACE INTO users VALUES (?1, :a, @b, $c)",
        "INSERT users",
        "INSERT OR REPLACE INTO users VALUES (?1, :a, @b, $c)",
    ),
    ("REPLACE INTO [old users] VALUES (1)", "REPLACE old users", "REPLACE INTO [old users] VALUES (?)"),
    ("PRAGMA journal_mode = wal", "PRAGMA", "PRAGMA journal_mode = wal"),
    (
        "SELECT \"id\", \"u\".\"name\" FROM \"users\" AS \"u\"",
        "SELECT users",
        "SELECT ?, \"u\".\"name\" FROM \"users\" AS \"u\"",
    ),
    ("INSERT INTO \"users\" (\"id\") VALUES (7)", "INSERT users", "INSERT INTO \"users\" (\"id\") VALUES (?)"),
    // Double-quoted text, which SQLite may read as a string.
    ("SELECT * FROM users WHERE name = \"sesame\"", "SELECT users", "SELECT * FROM users WHERE name = ?"),
    ("INSERT INTO users VALUES (\"sesame\", \"mine\")", "INSERT users", "INSERT INTO users VALUES (?, ?)"),
    (
        "SELECT * FROM users WHERE n IN (\"sesame\") OR n LIKE \"ses%\"",
        "SELECT users",
        "SELECT * FROM users WHERE n IN (?) OR n LIKE ?",
    ),
    (
        "SELECT * FROM users WHERE n BETWEEN \"a\" AND \"b\" AND \"c\"",
        "SELECT users",
        "SELECT * FROM users WHERE n BETWEEN ? AND ? AND ?",
    ),
    ("SELECT lower(\"sesame\") FROM users", "SELECT users", "SELECT lower(?) FROM users"),
    (
        "UPDATE users SET \"name\" = \"o\".\"name\" FROM o",
        "UPDATE users",
        "UPDATE users SET \"name\" = \"o\".\"name\" FROM o",
    ),
    ("SELECT 'a\\' FROM users", "SELECT users", "SELECT ? FROM users"),
    ("gibberish 'sesame'", "sqlite", "gibberish ?"),
    ("", "sqlite", ""),
];

#[cfg(feature = "postgres")]
const POSTGRES: &[(&str, &str, &str)] = &[
    (
        "SELECT $1::int, a::text FROM \"Users\" WHERE b = $2",
        "SELECT Users",
        "SELECT $1::int, a::text FROM \"Users\" WHERE b = $2",
    ),
    ("SELECT $$it's$$, $a$ $$ sesame $a$ FROM users", "SELECT users", "SELECT ?, ? FROM users"),
    ("SELECT E'it\\'s', U&'\\0061', B'101' FROM users", "SELECT users", "SELECT ?, ?, ? FROM users"),
    ("SELECT 'a\\', b FROM users", "SELECT users", "SELECT ?, b FROM users"),
    (
        "SELECT a[1:2], ARRAY[1,2] FROM ONLY shop.\"Old Users\"",
        "SELECT shop.Old Users",
        "SELECT a[?:?], ARRAY[?,?] FROM ONLY shop.\"Old Users\"",
    ),
    ("/* a /* b */ sesame */ SELECT 1", "SELECT", "SELECT ?"),
    (
        "WITH gone AS (DELETE FROM users RETURNING *) INSERT INTO old SELECT * FROM gone",
        "INSERT old",
        "WITH gone AS (DELETE FROM users RETURNING *) INSERT INTO old SELECT * FROM gone",
    ),
    (
        "WITH a AS NOT MATERIALIZED (SELECT * FROM users) UPDATE o SET n = 1",
        "UPDATE o",
        "WITH a AS NOT MATERIALIZED (SELECT * FROM users) UPDATE o SET n = ?",
    ),
    ("COPY users (id) FROM STDIN", "COPY users", "COPY users (id) FROM STDIN"),
    (
        "EXPLAIN (ANALYZE, FORMAT json) DELETE FROM users",
        "EXPLAIN users",
        "EXPLAIN (ANALYZE, FORMAT json) DELETE FROM users",
    ),
    ("CREATE INDEX CONCURRENTLY i ON users (a)", "CREATE INDEX users", "CREATE INDEX CONCURRENTLY i ON users (a)"),
    ("CREATE ROLE clerk PASSWORD 'sesame'", "CREATE ROLE", "CREATE ROLE clerk PASSWORD ?"),
    ("SET LOCAL statement_timeout = '5s'", "SET", "SET LOCAL statement_timeout = ?"),
    ("START TRANSACTION", "START TRANSACTION", "START TRANSACTION"),
    (
        "MERGE INTO users u USING o ON u.id = o.id WHEN MATCHED THEN DELETE",
        "MERGE users",
        "MERGE INTO users u USING o ON u.id = o.id WHEN MATCHED THEN DELETE",
    ),
    ("TRUNCATE TABLE users", "TRUNCATE users", "TRUNCATE TABLE users"),
    ("SELECT a #>> '{b}', c ? 'd' FROM users", "SELECT users", "SELECT a #>> ?, c ? ? FROM users"),
];

#[cfg(feature = "mysql")]
const MYSQL: &[(&str, &str, &str)] = &[
    (
        "SELECT `a b` FROM `shop`.`users` WHERE c = \"sesame\"",
        "SELECT shop.users",
        "SELECT `a b` FROM `shop`.`users` WHERE c = ?",
    ),
    ("SELECT 'it\\'s', \"a\\\"b\", _utf8'x' FROM users", "SELECT users", "SELECT ?, ?, _utf8? FROM users"),
    ("SELECT 5--3, a # sesame\nFROM users", "SELECT users", "SELECT ?--?, a FROM users"),
    (
        "INSERT IGNORE INTO users VALUES (1) ON DUPLICATE KEY UPDATE n = 2",
        "INSERT users",
        "INSERT IGNORE INTO users VALUES (?) ON DUPLICATE KEY UPDATE n = ?",
    ),
    ("INSERT users SET a = 1", "INSERT users", "INSERT users SET a = ?"),
    ("REPLACE users VALUES (1)", "REPLACE users", "REPLACE users VALUES (?)"),
    (
        "DELETE u FROM users u JOIN old o ON u.id = o.id",
        "DELETE users",
        "DELETE u FROM users u JOIN old o ON u.id = o.id",
    ),
    ("CALL tidy_up(1)", "CALL tidy_up", "CALL tidy_up(?)"),
    ("SHOW TABLES LIKE 'u%'", "SHOW", "SHOW TABLES LIKE ?"),
    ("SELECT @a := 1, @@version", "SELECT", "SELECT @a := ?, @@version"),
];

reads!("sqlite" sqlite sqlite_reads_statements COMMON.iter().chain(SQLITE).copied());
reads!("postgres" postgres postgres_reads_statements COMMON.iter().chain(POSTGRES).copied());
reads!("mysql" mysql mysql_reads_statements COMMON.iter().chain(MYSQL).copied());

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn reads_a_bounded_length() {
    let row = "(1, 'sesame'), ";
    for rows in [1, 100, 1_000, 10_000, 200_000] {
        let sql = format!("INSERT INTO users VALUES {}", row.repeat(rows));
        let mock = opentracing_core::mock::MockTracer::new();
        let pool = crate::databases::sqlite::closed(&mock).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap_err();
        let span = crate::support::only_span(&mock);
        let statement = crate::support::tag(&span, "db.statement").unwrap();
        assert_eq!(&*span.operation_name, "INSERT users");
        assert!(statement.len() <= 4096 && statement.starts_with("INSERT INTO users VALUES (?, ?),"), "{statement}");
        assert!(!statement.contains("sesame"));
    }
}

/// No piece of a statement shows its literal or causes a panic.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn accepts_any_input() {
    let mock = opentracing_core::mock::MockTracer::new();
    let pool = crate::databases::sqlite::closed(&mock).await;
    let sql = "WITH a AS (SELECT 'sesame', \"b\".[c], 0x1e-5 FROM ((x))) /* é */ INSERT INTO `ü`.t (d) VALUES ($1, ?2, :e, @f); -- g\n EXPLAIN";
    for (start, _) in sql.char_indices() {
        for end in (start..=sql.len()).filter(|end| sql.is_char_boundary(*end)) {
            let cut = &sql[start..end];
            sqlx::raw_sql(sqlx::AssertSqlSafe(cut.to_owned())).execute(&pool).await.unwrap_err();
            let statement = crate::support::tag(&crate::support::only_span(&mock), "db.statement").unwrap();
            assert!(!statement.contains("'sesame"), "{cut}: {statement}");
            mock.reset();
        }
    }
}

/// Pieces of statements in an order that no grammar has. What a fuzzer makes up, `fuzz` tries for longer.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn any_text_is_read_to_its_end() {
    let pieces = [
        "SELECT ",
        "FROM ",
        "INSERT INTO ",
        "WHERE ",
        "a",
        "\"a\"",
        "'it''s'",
        "'",
        "\"",
        "`",
        "[",
        "]",
        "$1",
        "$t$",
        "?",
        ":x",
        "@w",
        "--",
        "/*",
        "*/",
        "\n",
        " ",
        ";",
        "(",
        ")",
        ",",
        "1.5e3",
        "x'41'",
        "::",
        "é",
        "=",
        "\\",
        ".",
    ];
    let mock = opentracing_core::mock::MockTracer::new();
    let pool = crate::databases::sqlite::closed(&mock).await;
    let mut state = 41_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..500 {
        let sql: String = (0..next(20)).map(|_| pieces[next(pieces.len())]).collect();
        mock.reset();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())).execute(&pool).await.unwrap_err();
        for span in mock.finished_spans() {
            let statement = crate::support::tag(&span, "db.statement").unwrap_or_default();
            assert!(statement.len() <= sql.len() + 1, "{sql:?} became {statement:?}");
            assert!(!span.operation_name.is_empty(), "{sql:?} has no name");
        }
    }
}

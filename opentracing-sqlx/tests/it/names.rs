//! Names and summaries of statements, where a table of columns is not enough. They need no server: the pool is closed.

use crate::support::tag;

macro_rules! named {
    ($feature:literal $database:ident $test:ident $rows:expr) => {
        #[cfg(feature = $feature)]
        #[tokio::test]
        async fn $test() {
            for (sql, name, summary) in $rows {
                let mock = opentracing_core::mock::MockTracer::new();
                let pool = crate::databases::$database::closed(&mock).await;
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap_err();
                let span = crate::support::only_span(&mock);
                let found = (&*span.operation_name, tag(&span, "db.query.summary").unwrap_or_default());
                assert_eq!(found, (name, summary.to_owned()), "{sql}");
            }
        }
    };
}

/// The same in all dialects.
const COMMON: &[(&str, &str, &str)] = &[
    // The examples of OpenTelemetry's conventions.
    ("SELECT * FROM wuser_table WHERE username = ?", "SELECT wuser_table", "SELECT wuser_table"),
    (
        "INSERT INTO shipping_details (order_id, address) SELECT order_id, address FROM orders WHERE order_id = ?",
        "INSERT shipping_details",
        "INSERT shipping_details SELECT orders",
    ),
    ("SELECT * FROM songs, artists WHERE songs.artist_id = artists.id", "SELECT songs", "SELECT songs artists"),
    (
        "SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.customer_id = c.customer_id)",
        "SELECT orders",
        "SELECT SELECT orders customers",
    ),
    // As written, without a change of case.
    ("select a from Users", "SELECT Users", "select Users"),
    ("SELECT 1", "SELECT", "SELECT"),
    (
        "SELECT a FROM shop.users u LEFT JOIN shop . orders o USING (id), c",
        "SELECT shop.users",
        "SELECT shop.users shop.orders c",
    ),
    ("SELECT a FROM (users JOIN orders ON b = c) WHERE d", "SELECT users", "SELECT users orders"),
    (
        "SELECT a, (SELECT max(b) FROM orders) FROM users WHERE EXISTS (SELECT 1 FROM bans)",
        "SELECT users",
        "SELECT SELECT orders users SELECT bans",
    ),
    ("SELECT a FROM users UNION ALL SELECT a FROM old", "SELECT users", "SELECT users SELECT old"),
    ("(SELECT a FROM users) UNION (SELECT a FROM old)", "SELECT users", "SELECT users SELECT old"),
    ("SELECT count(*) FROM users WHERE a IN (SELECT b FROM c) ORDER BY d, e", "SELECT users", "SELECT users SELECT c"),
    ("UPDATE users SET a = 1, b = (SELECT c FROM d)", "UPDATE users", "UPDATE users SELECT d"),
    ("DELETE FROM users WHERE a = 1", "DELETE users", "DELETE users"),
    ("CREATE TABLE new AS SELECT * FROM users", "CREATE TABLE new", "CREATE TABLE new SELECT users"),
    ("CREATE VIEW v AS SELECT * FROM a JOIN b USING (id)", "CREATE VIEW v", "CREATE VIEW v SELECT a b"),
    ("DROP TABLE IF EXISTS a, b", "DROP TABLE a", "DROP TABLE a b"),
    ("EXPLAIN SELECT * FROM users", "EXPLAIN users", "EXPLAIN SELECT users"),
    // Common table expressions are no tables.
    (
        "WITH a AS (SELECT * FROM orders), b AS (SELECT * FROM a) SELECT * FROM b, users",
        "SELECT orders",
        "SELECT orders SELECT SELECT users",
    ),
    (
        "WITH RECURSIVE t AS (SELECT id FROM parts UNION ALL SELECT p.id FROM parts p JOIN t ON p.up = t.id) SELECT * FROM t",
        "SELECT parts",
        "SELECT parts SELECT parts SELECT",
    ),
    ("WITH users AS (SELECT * FROM users) SELECT * FROM users", "SELECT users", "SELECT users SELECT"),
    ("WITH a AS (SELECT 1) SELECT * FROM shop.a", "SELECT shop.a", "SELECT SELECT shop.a"),
    // Functions are no tables.
    ("SELECT * FROM json_each(a)", "SELECT", "SELECT"),
    ("SELECT * FROM json_each((SELECT b FROM c)) j, users", "SELECT users", "SELECT SELECT c users"),
    ("SELECT coalesce(replace(a, 'x', 'y'), '') FROM users", "SELECT users", "SELECT users"),
    ("SELECT a FROM users WHERE extract(year FROM born) = 1", "SELECT users", "SELECT users"),
    ("SELECT a IS NOT DISTINCT FROM b FROM users", "SELECT users", "SELECT users"),
    // Batches.
    ("INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)", "INSERT a", "BATCH INSERT a"),
    ("BEGIN; DELETE FROM users; COMMIT", "BEGIN; DELETE users; COMMIT", "BATCH"),
    // Transactions.
    ("rollback to savepoint a", "ROLLBACK TO SAVEPOINT", "rollback to savepoint"),
    ("ROLLBACK TO a", "ROLLBACK TO SAVEPOINT", "ROLLBACK TO"),
    ("RELEASE a", "RELEASE SAVEPOINT", "RELEASE"),
    ("gibberish FROM users", "", ""),
];

#[cfg(feature = "sqlite")]
const SQLITE: &[(&str, &str, &str)] = &[
    (
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE o SET n = CASE WHEN a THEN 1 END; DELETE FROM p; END; DELETE FROM q",
        "CREATE TRIGGER users; DELETE q",
        "BATCH",
    ),
    ("SELECT * FROM \"song list\", 'artists'", "SELECT song list", "SELECT \"song list\" 'artists'"),
    ("SELECT a IS DISTINCT FROM 'sesame' FROM 'users'", "SELECT users", "SELECT 'users'"),
    ("INSERT INTO 'it''s' VALUES ('sesame')", "INSERT it's", "INSERT 'it''s'"),
    ("SELECT * FROM \"song list\", [old songs]", "SELECT song list", "SELECT \"song list\" [old songs]"),
    ("WITH \"x\" AS (SELECT 1) SELECT * FROM x, [X]", "SELECT", "SELECT SELECT"),
    ("SELECT * FROM \"a\"\"b\"", "SELECT a\"b", "SELECT \"a\"\"b\""),
    ("SELECT j.value FROM users, json_each(users.tags) AS j", "SELECT users", "SELECT users"),
    ("INSERT OR REPLACE INTO users SELECT * FROM old", "INSERT users", "INSERT users SELECT old"),
];

#[cfg(feature = "postgres")]
const POSTGRES: &[(&str, &str, &str)] = &[
    // A statement that writes anywhere is named after what it writes.
    (
        "with p as (insert into post(user_id) values ($1) returning post_id) select username from p join \"user\" using (user_id)",
        "INSERT post",
        "insert post select \"user\"",
    ),
    (
        "with account as (select account_id from accounts.account where email = $1), session as (insert into accounts.session(a) \
         select account_id from account returning id) select account_id, session.id from account, session",
        "INSERT accounts.session",
        "select accounts.account insert accounts.session select select",
    ),
    (
        "WITH gone AS (DELETE FROM users RETURNING *), kept AS (INSERT INTO log SELECT * FROM gone) TABLE gone",
        "DELETE users",
        "DELETE users INSERT log SELECT TABLE",
    ),
    (
        "WITH gone AS (DELETE FROM users RETURNING *) INSERT INTO old SELECT * FROM gone",
        "INSERT old",
        "DELETE users INSERT old SELECT",
    ),
    ("SELECT a INTO TEMP new FROM users", "SELECT INTO new", "SELECT new users"),
    ("SELECT * FROM ONLY (users), ONLY old", "SELECT users", "SELECT users old"),
    ("SELECT * FROM generate_series(1, 3) AS g", "SELECT", "SELECT"),
    ("SELECT * FROM unnest($1::int[]) u (id) JOIN users USING (id)", "SELECT users", "SELECT users"),
    ("SELECT * FROM ROWS FROM (f(1), g(2)) AS x, users", "SELECT users", "SELECT users"),
    (
        "SELECT * FROM users u, LATERAL (SELECT * FROM orders) o, LATERAL f(u.id)",
        "SELECT users",
        "SELECT users SELECT orders",
    ),
    ("SELECT * FROM (VALUES (1), (2)) AS v (a)", "SELECT", "SELECT"),
    ("SELECT * FROM pg_catalog.pg_stat_get_activity(1)", "SELECT", "SELECT"),
    ("UPDATE ONLY users SET a = o.a FROM old o WHERE o.id = users.id", "UPDATE users", "UPDATE users old"),
    ("DELETE FROM users USING old JOIN o USING (id) WHERE a", "DELETE users", "DELETE users old o"),
    (
        "MERGE INTO users u USING (SELECT * FROM new) n ON u.id = n.id WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "MERGE users",
        "MERGE users SELECT new",
    ),
    ("COPY (SELECT * FROM users) TO STDOUT", "COPY users", "COPY SELECT users"),
    ("COPY (DELETE FROM users RETURNING *) TO STDOUT", "DELETE users", "COPY DELETE users"),
    ("COPY shop.users (a, b) FROM STDIN", "COPY shop.users", "COPY shop.users"),
    (
        "REFRESH MATERIALIZED VIEW CONCURRENTLY shop.v",
        "REFRESH MATERIALIZED VIEW shop.v",
        "REFRESH MATERIALIZED VIEW shop.v",
    ),
    ("TRUNCATE ONLY a, b", "TRUNCATE a", "TRUNCATE a b"),
    ("SELECT * FROM \"a\"\"b\".U&\"d\\0061t\"", "SELECT a\"b.d\\0061t", "SELECT \"a\"\"b\".U&\"d\\0061t\""),
    ("SELECT `a FROM users", "SELECT users", "SELECT users"),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT * FROM users",
        "CREATE FUNCTION; SELECT users",
        "BATCH",
    ),
    ("CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c); SELECT 1", "CREATE; SELECT", "BATCH"),
    ("CREATE TABLE p PARTITION OF users FOR VALUES FROM (MINVALUE) TO (10)", "CREATE TABLE p", "CREATE TABLE p"),
    ("SELECT a FROM users FOR UPDATE OF users, old", "SELECT users", "SELECT users"),
    ("EXPLAIN (ANALYZE) WITH a AS (SELECT 1) DELETE FROM users", "EXPLAIN users", "EXPLAIN SELECT DELETE users"),
];

#[cfg(feature = "mysql")]
const MYSQL: &[(&str, &str, &str)] = &[
    (
        "CREATE DEFINER=`root`@`localhost` TRIGGER t BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.a = 1; IF NEW.b THEN SET NEW.c = 2; \
         END IF; END; DELETE FROM q",
        "CREATE TRIGGER users; DELETE q",
        "BATCH",
    ),
    (
        "CREATE DEFINER = root@localhost PROCEDURE p() BEGIN DECLARE a INT; WHILE a DO CASE a WHEN 1 THEN SELECT 1; END CASE; END WHILE; END",
        "CREATE PROCEDURE",
        "CREATE PROCEDURE",
    ),
    (
        "CREATE OR REPLACE DEFINER=CURRENT_USER() FUNCTION f() RETURNS INT BEGIN RETURN CASE WHEN 1 THEN 2 ELSE 3 END; END; SELECT 1",
        "CREATE FUNCTION; SELECT",
        "BATCH",
    ),
    (
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; DELETE FROM b; END; SELECT 1",
        "CREATE EVENT; SELECT",
        "BATCH",
    ),
    ("BEGIN NOT ATOMIC DELETE FROM a; DELETE FROM b; END; SELECT 1", "BEGIN NOT ATOMIC; SELECT", "BATCH"),
    ("BEGIN; DELETE FROM a; COMMIT", "BEGIN; DELETE a; COMMIT", "BATCH"),
    (
        "CREATE ALGORITHM=MERGE DEFINER='root'@'%' SQL SECURITY DEFINER VIEW shop.v AS SELECT * FROM users",
        "CREATE VIEW shop.v",
        "CREATE VIEW shop.v SELECT users",
    ),
    (
        "LOAD DATA LOCAL INFILE '/tmp/x' REPLACE INTO TABLE shop.users FIELDS TERMINATED BY ','",
        "LOAD DATA shop.users",
        "LOAD DATA shop.users",
    ),
    ("LOAD XML INFILE '/tmp/x' INTO TABLE users", "LOAD XML users", "LOAD XML users"),
    (
        "CREATE PACKAGE BODY p AS FUNCTION f RETURN INT AS BEGIN RETURN 1; END; END; SELECT * FROM users",
        "CREATE; SELECT users",
        "BATCH",
    ),
    ("DESC users", "DESC users", "DESC users"),
    ("describe shop.users", "DESCRIBE shop.users", "describe shop.users"),
    ("EXPLAIN users", "EXPLAIN users", "EXPLAIN users"),
    ("EXPLAIN FORMAT=JSON SELECT * FROM a STRAIGHT_JOIN b", "EXPLAIN a", "EXPLAIN SELECT a b"),
    ("SELECT 1 FROM DUAL", "SELECT", "SELECT"),
    ("DELETE a, b FROM users a JOIN old b ON a.id = b.id", "DELETE users", "DELETE users old"),
    ("UPDATE users u, old o SET u.a = o.a", "UPDATE users", "UPDATE users old"),
    ("SELECT a FROM users USE INDEX FOR JOIN (i, j), old", "SELECT users", "SELECT users old"),
    ("INSERT INTO users VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)", "INSERT users", "INSERT users"),
    ("REPLACE INTO users SELECT REPLACE(a, 'b', 'c') FROM old", "REPLACE users", "REPLACE users SELECT old"),
    ("SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a INT PATH '$')) AS j", "SELECT", "SELECT"),
    ("SELECT * FROM `a``b`", "SELECT a`b", "SELECT `a``b`"),
    ("LOCK TABLES a READ, b WRITE", "LOCK a", "LOCK a b"),
];

fn with_system(
    rows: &[(&'static str, &'static str, &'static str)],
    system: &'static str,
) -> Vec<(&'static str, &'static str, &'static str)> {
    // What is not understood is named after the database.
    rows.iter().map(|(sql, name, summary)| (*sql, if name.is_empty() { system } else { *name }, *summary)).collect()
}

named!("sqlite" sqlite sqlite_names_statements with_system(&[COMMON, SQLITE].concat(), "sqlite"));
named!("postgres" postgres postgres_names_statements with_system(&[COMMON, POSTGRES].concat(), "postgresql"));
named!("mysql" mysql mysql_names_statements with_system(&[COMMON, MYSQL].concat(), "mysql"));

/// At most 255 characters, and no name is cut.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn summaries_are_bounded() {
    let mock = opentracing_core::mock::MockTracer::new();
    let pool = crate::databases::sqlite::closed(&mock).await;
    let tables: Vec<String> = (0..60).map(|n| format!("straße{n}")).collect();
    let sql = format!("SELECT * FROM {}", tables.join(", "));
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap_err();
    let summary = tag(&crate::support::only_span(&mock), "db.query.summary").unwrap();
    let characters = summary.chars().count();
    assert!((246..=255).contains(&characters), "{characters}");
    assert!(summary.split(' ').skip(1).eq(tables.iter().take(summary.split(' ').count() - 1)), "{summary}");
}

/// No depth of nesting overflows the stack.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn reads_deep_nesting() {
    let mock = opentracing_core::mock::MockTracer::new();
    let pool = crate::databases::sqlite::closed(&mock).await;
    for open in ["(", "SELECT * FROM (", "WITH a AS (", "/*!", "CASE "] {
        let sql = format!("SELECT {}", open.repeat(16_384 / open.len()));
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap_err();
    }
    assert_eq!(mock.finished_spans().len(), 5);
}

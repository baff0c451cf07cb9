//! Messages of errors on real databases: values never show, names stay.

macro_rules! messages {
    ($feature:literal $database:ident $test:ident $set_up:expr, $rows:expr) => {
        #[cfg(feature = $feature)]
        #[tokio::test]
        async fn $test() {
            let mock = opentracing_core::mock::MockTracer::new();
            let Some(pool) = crate::databases::$database::open(&mock, 1).await else { return };
            for sql in $set_up {
                sqlx::raw_sql(sql).execute(pool.get_ref()).await.unwrap();
            }
            let mut wrong = vec![];
            for (sql, kind, message) in $rows {
                mock.reset();
                let failed = sqlx::raw_sql(sql).execute(&pool).await.expect_err(sql);
                let (found_kind, found) = crate::support::error(&crate::support::only_span(&mock));
                let original = failed.as_database_error().unwrap().message();
                if (found_kind.as_str(), found.as_str()) != (kind, message) {
                    wrong.push(format!("{sql}: {found_kind}, {found:?} of {original:?}"));
                }

                // The full text is for those who ask for it.
                mock.reset();
                let full = pool.clone().statement_text(opentracing_sqlx::StatementText::Full);
                let failed = sqlx::raw_sql(sql).execute(&full).await.unwrap_err();
                let found = crate::support::error(&crate::support::only_span(&mock)).1;
                assert_eq!(found, failed.as_database_error().unwrap().message(), "{sql}");
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
    };
}

#[cfg(feature = "postgres")]
const POSTGRES: &[(&str, &str, &str)] = &[
    // Raised by a user's code.
    ("DO $$ BEGIN RAISE EXCEPTION 'customer sesame has no credit'; END $$", "raised", ""),
    ("DO $$ BEGIN RAISE 'email \"sesame\" is taken' USING ERRCODE = 'unique_violation'; END $$", "raised", ""),
    ("DO $$ BEGIN RAISE 'sesame' USING ERRCODE = '23514', CONSTRAINT = 'pos', TABLE = 'e'; END $$", "raised", ""),
    ("DO $$ BEGIN RAISE 'relation \"sesame\" does not exist' USING ERRCODE = '42P01'; END $$", "raised", ""),
    ("DO $$ BEGIN ASSERT false, 'sesame'; END $$", "raised", ""),
    ("DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN RAISE 'sesame %', SQLERRM; END $$", "raised", ""),
    // Passed on unchanged, as if nobody had caught it.
    ("DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN RAISE; END $$", "database", "division by zero"),
    // Names of constraints, tables and columns.
    (
        "INSERT INTO e VALUES (2, 'sesame', 1)",
        "unique_violation",
        "duplicate key value violates unique constraint \"e_email_key\"",
    ),
    (
        "INSERT INTO e VALUES (2, 'a', -7)",
        "check_violation",
        "new row for relation \"e\" violates check constraint \"e_n_check\"",
    ),
    (
        "INSERT INTO e VALUES (2, 'a', NULL)",
        "not_null_violation",
        "null value in column \"n\" of relation \"e\" violates not-null constraint",
    ),
    ("SELECT sesame_ FROM e", "database", "column \"sesame_\" does not exist"),
    ("SELECT * FROM nowhere", "database", "relation \"nowhere\" does not exist"),
    ("SELECT * FROM pg_temp.nowhere", "database", "relation \"pg_temp.nowhere\" does not exist"),
    ("SELECT 1 FROM e WHERE WHERE", "database", "syntax error at or near \"WHERE\""),
    // Values, also those that look like names.
    ("SELECT 'sesame'::regclass", "database", "relation ? does not exist"),
    ("SELECT nextval('sesame')", "database", "relation ? does not exist"),
    ("SELECT 'sesame'::int", "database", "invalid input syntax for type integer: ?"),
    ("SELECT '{sesame'::int[]", "database", "malformed array literal: ?"),
    ("SELECT '2020-13-45'::date", "database", "date/time field value out of range: ?"),
    ("SELECT '99999999999'::int", "database", "value ? is out of range for type integer"),
    ("INSERT INTO e VALUES (99999999999, 'a', 1)", "database", "integer out of range"),
    ("INSERT INTO e VALUES (3, 'sesame is too long', 1)", "database", "value too long for type character varying(10)"),
    ("SELECT to_date('sesame', 'YYYY')", "database", "invalid value ?"),
    ("SELECT convert_from('\\xff', 'utf8')", "database", "invalid byte sequence for encoding \"UTF8\""),
    ("SELECT current_setting('sesame')", "database", "unrecognized configuration parameter ?"),
    ("SET work_mem = sesame", "database", "invalid value for parameter ?"),
    ("SELECT date_trunc('sesame', now())", "database", "unit ? not recognized for type timestamp with time zone"),
    ("SELECT pg_read_file('/sesame')", "database", "could not open file ? for reading: No such file or directory"),
    ("SELECT 1 'sesame' 'a'", "database", "syntax error at or near ?"),
];

#[cfg(feature = "postgres")]
messages!("postgres" postgres postgres_messages_hold_no_values
    ["CREATE TEMPORARY TABLE e (id int PRIMARY KEY, email varchar(10) UNIQUE, n int NOT NULL CHECK (n > 0));
      INSERT INTO e VALUES (1, 'sesame', 1)"],
    POSTGRES.iter().copied());

#[cfg(feature = "mysql")]
const MYSQL: &[(&str, &str, &str)] = &[
    // Raised by a user's code.
    ("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'customer sesame is blocked'", "raised", ""),
    ("SIGNAL SQLSTATE '45001' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'sesame'", "raised", ""),
    ("SIGNAL SQLSTATE '23000' SET MESSAGE_TEXT = 'sesame'", "raised", ""),
    ("SIGNAL SQLSTATE '02000' SET MESSAGE_TEXT = 'sesame'", "raised", ""),
    ("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 31001, MESSAGE_TEXT = 'sesame'", "raised", ""),
    // With a number of the server, but not in its words.
    ("SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'bob sesame'", "unique_violation", ""),
    ("SIGNAL SQLSTATE '42S02' SET MYSQL_ERRNO = 1146, MESSAGE_TEXT = 'bob sesame'", "database", ""),
    ("SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'customer sesame is blocked'", "lock_timeout", ""),
    (
        "SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'Lock wait timeout exceeded; try restarting transaction'",
        "lock_timeout",
        "",
    ),
    (
        "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'Lock wait timeout of sesame'",
        "lock_timeout",
        "",
    ),
    ("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found at sesame'", "deadlock", ""),
    ("SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1142, MESSAGE_TEXT = 'sesame may not'", "database", ""),
    (
        "SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1143, MESSAGE_TEXT = \"bob: SELECT command denied to user 'a'@'b' for column 'c' in table 'd'\"",
        "database",
        "",
    ),
    (
        "SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1305, MESSAGE_TEXT = 'PROCEDURE of sesame does not exist'",
        "database",
        "",
    ),
    (
        "SIGNAL SQLSTATE '21S01' SET MYSQL_ERRNO = 1136, MESSAGE_TEXT = 'Column count doesn''t match value count at row sesame'",
        "database",
        "",
    ),
    (
        "SIGNAL SQLSTATE '42S02' SET MYSQL_ERRNO = 1146, MESSAGE_TEXT = \"Table 'a' doesn't exist, sesame\"",
        "database",
        "",
    ),
    ("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1999, MESSAGE_TEXT = 'customer sesame is blocked'", "database", ""),
    // MySQL's words, which MariaDB does not have.
    (
        "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 3024, MESSAGE_TEXT = 'Query execution was interrupted, maximum statement execution time exceeded'",
        "statement_timeout",
        "Query execution was interrupted, maximum statement execution time exceeded",
    ),
    (
        "SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1142, MESSAGE_TEXT = \"SELECT, INSERT command denied to user 'a'@'b' for table 'c'\"",
        "database",
        "SELECT, INSERT command denied to user 'a'@'b' for table 'c'",
    ),
    // Apostrophes, names of keys, tables and columns.
    ("KILL QUERY CONNECTION_ID()", "cancelled", "Query execution was interrupted"),
    ("SELECT nowhere(1)", "database", "FUNCTION app.nowhere does not exist"),
    ("SELECT (SELECT 1, 2)", "database", "Operand should contain 1 column(s)"),
    ("SELECT 1 FROM e, e", "database", "Not unique table/alias: 'e'"),
    ("EXECUTE nowhere", "database", "Unknown prepared statement handler (nowhere) given to EXECUTE"),
    ("SELECT @@nowhere", "database", "Unknown system variable 'nowhere'"),
    ("CALL app.nowhere()", "database", "PROCEDURE app.nowhere does not exist"),
    ("SELECT (SELECT 1 UNION SELECT 2)", "database", "Subquery returns more than 1 row"),
    ("SELECT 1 UNION SELECT 1, 2", "database", "The used SELECT statements have a different number of columns"),
    ("SELECT id FROM e JOIN (SELECT 1 AS id) AS f", "database", "Column 'id' in SELECT is ambiguous"),
    ("ALTER TABLE e DROP COLUMN nowhere", "database", "Can't DROP COLUMN `nowhere`; check that it exists"),
    (
        "SET STATEMENT max_statement_time = 0.01 FOR SELECT SLEEP(10)",
        "statement_timeout",
        "Query execution was interrupted (max_statement_time exceeded)",
    ),
    ("SELECT * FROM app.nowhere", "database", "Table 'app.nowhere' doesn't exist"),
    ("INSERT INTO e (id) VALUES (1, 2)", "database", "Column count doesn't match value count at row 1"),
    ("INSERT INTO e (id) VALUES (9)", "not_null_violation", "Field 'n' doesn't have a default value"),
    ("INSERT INTO e VALUES (2, 'sesame', 1, NULL)", "unique_violation", "Duplicate entry ? for key 'email'"),
    ("INSERT INTO e VALUES (2, 'it''s', 1, NULL)", "unique_violation", "Duplicate entry ? for key 'email'"),
    ("INSERT INTO e VALUES (2, ''' for key ''', 1, NULL)", "unique_violation", "Duplicate entry ? for key 'email'"),
    ("INSERT INTO e VALUES (2, 'a', NULL, NULL)", "not_null_violation", "Column 'n' cannot be null"),
    ("INSERT INTO e VALUES (2, 'a', 99999999999, NULL)", "database", "Out of range value for column 'n' at row 1"),
    (
        "INSERT INTO e VALUES (2, 'sesame is too long', 1, NULL)",
        "database",
        "Data too long for column 'email' at row 1",
    ),
    (
        "INSERT INTO e VALUES (2, 'a', 'sesame', NULL)",
        "database",
        "Incorrect integer value: ? for column `app`.`e`.`n` at row 1",
    ),
    (
        "INSERT INTO e VALUES (2, 'a', 1, 'sesame')",
        "database",
        "Incorrect date value: ? for column `app`.`e`.`d` at row 1",
    ),
    ("UPDATE e SET n = n + 'sesame'", "database", "Truncated incorrect DOUBLE value: ?"),
    ("SELECT nowhere FROM e", "database", "Unknown column 'nowhere' in 'SELECT'"),
    ("SELECT 9223372036854775807 + n FROM e", "database", "BIGINT value is out of range in ?"),
    // Values.
    ("SET @x = sesame", "database", "Unknown column ?"),
    (
        "SELECT 1 'a' 'sesame' FROM",
        "database",
        "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near ? at line 1",
    ),
    ("SET sql_mode = 'sesame'", "database", "Variable ?"),
    ("KILL 99999", "database", "Unknown thread id"),
];

#[cfg(feature = "mysql")]
messages!("mysql" mysql mysql_messages_hold_no_values
    ["CREATE TEMPORARY TABLE e (id INT PRIMARY KEY, email VARCHAR(13) UNIQUE, n INT NOT NULL, d DATE);
      INSERT INTO e VALUES (1, 'sesame', 1, NULL), (5, 'it''s', 1, NULL), (6, ''' for key ''', 1, NULL)"],
    MYSQL.iter().copied());

#[cfg(feature = "mysql")]
#[tokio::test]
async fn a_lock_that_another_transaction_holds_shows_in_mysqls_words() {
    let mock = opentracing_core::mock::MockTracer::new();
    let Some(pool) = crate::databases::mysql::open(&mock, 2).await else { return };
    let table = format!("messages_lock_{}", std::process::id());
    let run = |sql: &str| sqlx::AssertSqlSafe(sql.replace("LEDGER", &table));
    let raw = pool.get_ref();
    sqlx::raw_sql(run("CREATE TABLE LEDGER (id INT PRIMARY KEY) ENGINE = InnoDB")).execute(raw).await.unwrap();
    sqlx::raw_sql(run("INSERT INTO LEDGER VALUES (1)")).execute(raw).await.unwrap();
    let mut holder = raw.begin().await.unwrap();
    sqlx::query(run("SELECT id FROM LEDGER FOR UPDATE")).execute(&mut *holder).await.unwrap();
    mock.reset();
    let locked = sqlx::query(run("SELECT id FROM LEDGER FOR UPDATE NOWAIT")).execute(&pool).await;
    holder.rollback().await.unwrap();
    sqlx::raw_sql(run("DROP TABLE LEDGER")).execute(raw).await.unwrap();
    locked.unwrap_err();
    let (kind, message) = crate::support::error(&crate::support::only_span(&mock));
    let words = "Lock wait timeout exceeded; try restarting transaction";
    assert_eq!((kind.as_str(), message.as_str()), ("lock_timeout", words));
}

#[cfg(feature = "sqlite")]
const SQLITE: &[(&str, &str, &str)] = &[
    ("INSERT INTO r VALUES ('a')", "raised", ""),
    ("INSERT INTO e VALUES (2, 'sesame', 1)", "unique_violation", "UNIQUE constraint failed: e.email"),
    ("INSERT INTO e VALUES (1, 'a', 7)", "unique_violation", "UNIQUE constraint failed: e.id, e.n"),
    ("INSERT INTO e VALUES (2, 'a', NULL)", "not_null_violation", "NOT NULL constraint failed: e.n"),
    ("INSERT INTO e VALUES (2, 'a', -7)", "check_violation", "CHECK constraint failed: pos"),
    ("INSERT INTO e VALUES (2, 'sesame too', 7)", "check_violation", "CHECK constraint failed: ?"),
    ("SELECT * FROM nowhere", "database", "no such table: nowhere"),
    ("SELECT nowhere FROM e", "database", "no such column: nowhere"),
    ("SELECT * FROM e WHERE WHERE", "database", "near \"WHERE\": syntax error"),
    ("SELECT 1 'sesame' 'sesame'", "database", "near ?: syntax error"),
    ("SELECT 'sesame", "database", "unrecognized token: ?"),
    ("SELECT json_extract('{}', 'sesame')", "database", "bad JSON path: ?"),
    ("SELECT * FROM f WHERE f MATCH 'sesame:a'", "database", "no such column: ?"),
    ("SELECT * FROM f WHERE f MATCH '\"sesame'", "database", "unterminated string"),
    ("INSERT INTO f (f) VALUES ('sesame')", "database", "SQL logic error"),
    ("DETACH 'sesame'", "database", "no such database: ?"),
    ("ATTACH sesame AS main", "database", "database main is already in use"),
];

#[cfg(feature = "sqlite")]
messages!("sqlite" sqlite sqlite_messages_hold_no_values
    ["CREATE TABLE e (id INT, email TEXT UNIQUE CHECK (length(email) < 7), n INT NOT NULL CONSTRAINT pos CHECK (n > 0), PRIMARY KEY (id, n))",
     "INSERT INTO e VALUES (1, 'sesame', 7); CREATE TABLE r (a); CREATE VIRTUAL TABLE f USING fts5(g)",
     "CREATE TRIGGER t BEFORE INSERT ON r BEGIN SELECT RAISE(ABORT, 'customer sesame is blocked'); END"],
    SQLITE.iter().copied());

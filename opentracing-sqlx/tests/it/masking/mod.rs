//! Masking, proven against the databases: generated statements run traced, and the database says what it took for a value. No canary
//! that it took for one may stand in a span.
//!
//! `MASKING_STATEMENTS` is the number of statements for each database, 2,000 by default, and `MASKING_SEED` the first choice.

mod generator;
mod oracle;
mod random;
mod settings;
mod values;

use std::env;
use std::io::Write;

use futures_util::TryStreamExt;
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use opentracing_sqlx::TracingPool;
use sqlx::AssertSqlSafe;

use crate::masking::generator::{Canary, Generator, Intent, Statement};
use crate::masking::oracle::{Database, Oracle};

/// How many statements run before the database is asked.
const BATCH: usize = 250;

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What the run has found.
#[derive(Default, Debug)]
struct Figures {
    statements: usize,
    /// The database executed them.
    accepted: usize,
    canaries: usize,
    /// Names that the database knows and the span does not show.
    hidden_names: usize,
    names: usize,
    leaks: Vec<String>,
}

impl Figures {
    #[track_caller]
    fn check(&self, name: &str, hidden_one_in: usize) {
        let Figures { statements, accepted, canaries, hidden_names, names, leaks } = self;
        let _ = writeln!(
            std::io::stderr(),
            "{name}: {statements} statements, {accepted} accepted, {canaries} canaries, {} leaks, {hidden_names} of {names} names hidden",
            leaks.len()
        );
        assert!(leaks.is_empty(), "{:#?}", &leaks[..leaks.len().min(10)]);
        assert!(accepted * 2 > *statements, "{name}: {accepted} of {statements} accepted");
        assert!(hidden_names * hidden_one_in <= *names, "{name}: {hidden_names} of {names} names are hidden");
    }
}

async fn run<DB: Oracle>(mock: &MockTracer, pool: &TracingPool<DB>, is_default: bool, total: usize) -> Figures
where
    for<'c> &'c TracingPool<DB>: sqlx::Executor<'c, Database = DB>,
{
    let mut generator = Generator::new(DB::DATABASE, is_default, number("MASKING_SEED", 41));
    let mut figures = Figures::default();
    while figures.statements < total {
        DB::forget(pool.get_ref()).await;
        let mut doubtful = vec![];
        for _ in 0..BATCH.min(total - figures.statements) {
            let statement = generator.statement();
            figures.statements += 1;
            figures.canaries += statement.canaries.len();
            let (mut shown, is_accepted) = execute(mock, pool, &statement).await;
            if DB::DATABASE == Database::MariaDb && statement.is_mutated {
                shown = without_variables(&shown);
            }
            figures.accepted += usize::from(is_accepted);
            for canary in &statement.canaries {
                let is_shown = shown.contains(&canary.text);
                if is_shown && canary.intent != Intent::Name && !statement.is_mutated {
                    figures.leaks.push(leak(&canary.text, &statement.sql, &shown));
                } else if is_shown && is_accepted {
                    doubtful.push((statement.clone(), canary.clone(), shown.clone()));
                } else if !statement.is_mutated && is_accepted && canary.intent == Intent::Name {
                    figures.hidden_names += 1;
                }
                figures.names += usize::from(canary.intent == Intent::Name && !statement.is_mutated && is_accepted);
            }
        }
        let digests = if DB::REMEMBERS { DB::digests(pool.get_ref(), "").await } else { String::new() };
        for (statement, canary, shown) in doubtful {
            // Of statements that differ only in names, a database keeps the first one.
            if DB::REMEMBERS && digests.contains(&canary.text) {
                continue;
            }
            if is_value::<DB>(mock, pool, &statement, &canary).await {
                figures.leaks.push(leak(&canary.text, &statement.sql, &shown));
            }
        }
    }
    figures
}

/// Runs a statement. Returns all that its spans show, and whether the database took it and can say what it took for values.
async fn execute<DB: Oracle>(mock: &MockTracer, pool: &TracingPool<DB>, statement: &Statement) -> (String, bool)
where
    for<'c> &'c TracingPool<DB>: sqlx::Executor<'c, Database = DB>,
{
    mock.reset();
    let results: Result<Vec<_>, _> =
        sqlx::raw_sql(AssertSqlSafe(statement.sql.clone())).fetch_many(pool).try_collect().await;
    // MariaDB keeps, and SQLite explains, only the first statement of a text, and PostgreSQL only one of two that are alike.
    let is_accepted = results.is_ok_and(|results| results.iter().filter(|result| result.is_left()).count() == 1);
    (mock.finished_spans().iter().map(shown).collect(), is_accepted)
}

/// MariaDB also leaves the names of user variables out, which are no values.
fn without_variables(shown: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.');
    let mut parts = shown.split('@');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "@" + part.trim_start_matches(is_part))
}

fn leak(canary: &str, sql: &str, shown: &str) -> String {
    let statement = shown.split("db.statement").nth(1).unwrap_or(shown);
    format!("{canary} in {sql:?} became {statement}")
}

fn shown(span: &OwnedSpan) -> String {
    format!("{} {:?} {:?}", span.operation_name, span.tags, span.logs)
}

/// Asks the database about one statement.
async fn is_value<DB: Oracle>(mock: &MockTracer, pool: &TracingPool<DB>, statement: &Statement, canary: &Canary) -> bool
where
    for<'c> &'c TracingPool<DB>: sqlx::Executor<'c, Database = DB>,
{
    if !DB::REMEMBERS {
        return DB::digests(pool.get_ref(), &statement.sql).await.contains(&canary.text);
    }
    // Someone else on the server may make it forget.
    for _ in 0..3 {
        DB::forget(pool.get_ref()).await;
        execute(mock, pool, statement).await;
        if DB::digests(pool.get_ref(), "").await.contains(&canary.text) {
            return false;
        }
    }
    true
}

macro_rules! proves {
    ($database:ident $test:ident) => {
        #[tokio::test]
        async fn $test() {
            type Db = crate::databases::$database::Db;
            let mock = MockTracer::new();
            let Some(pool) = crate::databases::$database::open(&mock, 1).await else { return };
            if !Oracle::start(pool.get_ref()).await {
                let _ = writeln!(
                    std::io::stderr(),
                    "skipped, the server keeps no statements without values: {}",
                    stringify!($test)
                );
                assert!(
                    env::var_os("CI").is_none_or(|ci| ci.is_empty()),
                    "the server keeps no statements without values"
                );
                return;
            }
            let total = usize::try_from(number("MASKING_STATEMENTS", 2_000)).unwrap();
            run(&mock, &pool, true, total).await.check(stringify!($database), 20);
            // With other settings, a backslash before a quote has another meaning, and more is masked.
            if <Db as Oracle>::DATABASE != Database::Sqlite {
                sqlx::raw_sql(<Db as Oracle>::OTHER_MODE).execute(pool.get_ref()).await.unwrap();
                run(&mock, &pool, false, total / 4)
                    .await
                    .check(concat!(stringify!($database), " in the other mode"), 1);
            }
        }
    };
}

proves!(sqlite sqlite_masks_what_it_takes_for_values);
proves!(postgres postgres_masks_what_it_takes_for_values);
proves!(mysql mariadb_masks_what_it_takes_for_values);

//! An SQL query, untraced and traced.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};

use opentracing_core::{ConstSampler, InSpan, Tracer};
use opentracing_sqlx::{SqlCommenter, TracingPool};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, SqlitePool};

use crate::adapter::{bursts, median, text, tracer};
use crate::measure::Allocations;
use crate::subject::Received;
use crate::system::pin;

/// Queries per measurement. Few enough that most bursts end before the thread is preempted.
const BURST: u32 = 20;
const FLUSH: Duration = Duration::from_secs(60);

/// Measures the overhead of [`TracingPool`] for a query on SQLite in memory, and prints a table. Takes the options `--quick` and
/// `--rounds`. Does nothing with `--case`, which selects cases of another bench.
///
/// All threads, including SQLite's, share one processor, so that the time of a query does not depend on their placement. The kinds of
/// pools take turns after each burst.
///
/// # Errors
///
/// If a query fails, a span is missing, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, allocations: Allocations) -> Result<(), String> {
    let Some(bursts) = bursts(arguments, 200)? else { return Ok(()) };
    // Later threads inherit this.
    pin(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    let mut tables = format!("A query, {bursts} bursts of {BURST} queries each\n\n");
    tables.push_str("| query | pool | µs | ratio (best) | µs more | allocations | more |\n");
    tables.push_str("|---|---|---:|---:|---:|---:|---:|\n");
    for query in [Query::OneRow, Query::OnConnection, Query::HundredRows] {
        tables.push_str(&runtime.block_on(measure(query, bursts, allocations))?);
    }
    write!(std::io::stdout(), "{tables}").map_err(text)
}

/// The measured queries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Query {
    /// With `&pool`, which acquires a connection each time.
    OneRow,
    /// With `&mut *connection`.
    OnConnection,
    /// With `&pool`.
    HundredRows,
}

impl Query {
    fn name(self) -> &'static str {
        match self {
            Query::OneRow => "one row, pool",
            Query::OnConnection => "one row, connection",
            Query::HundredRows => "100 rows, pool",
        }
    }
}

async fn measure(query: Query, bursts: u32, allocations: Allocations) -> Result<String, String> {
    let received = Received::default();
    let sampled = tracer(Tracer::builder("bench"), &received);
    let unsampled = tracer(Tracer::builder("bench").sampler(ConstSampler::off()), &received);
    let traced = |tracer: &Tracer, pool| Pool::Traced(TracingPool::with_tracer(tracer.clone(), pool), tracer.clone());
    let mut pools = vec![
        ("bare", Pool::Bare(pool().await?)),
        ("traced", traced(&sampled, pool().await?)),
        ("traced, not sampled", traced(&unsampled, pool().await?)),
    ];
    if query == Query::OneRow {
        for (name, sqlcommenter) in
            [("traced, static comment", SqlCommenter::Static), ("traced, full comment", SqlCommenter::Full)]
        {
            let pool = TracingPool::with_tracer(sampled.clone(), pool().await?).sqlcommenter(sqlcommenter);
            pools.push((name, Pool::Traced(pool, sampled.clone())));
        }
    }
    let mut taken = vec![Vec::new(); pools.len()];
    let mut allocated = vec![Vec::new(); pools.len()];
    for burst in 0..=bursts {
        // Each kind in turn is the first.
        for turn in 0..pools.len() {
            let at = (turn + burst as usize) % pools.len();
            let (_, pool) = &pools[at];
            let (before, start) = (allocations(), Instant::now());
            pool.burst(query).await.map_err(text)?;
            let (took, made) = (start.elapsed(), allocations() - before);
            // The first burst prepares the statement.
            if burst > 0 {
                taken[at].push(took.as_nanos() as f64 / 1e3 / f64::from(BURST));
                allocated[at].push(made as f64 / f64::from(BURST));
            }
            sampled.flush(FLUSH).map_err(text)?;
        }
    }
    // All but the untraced and the unsampled pool record spans, with one more span per burst.
    let expected = u64::from(bursts + 1) * u64::from(BURST + 1) * (pools.len() as u64 - 2);
    if received.count() != expected {
        return Err(format!("received {} of {expected} spans", received.count()));
    }
    let mut rows = String::new();
    let (bare, bare_made) = (median(&mut taken[0]), median(&mut allocated[0]));
    let bare_best = taken[0][0];
    for (at, (name, _)) in pools.iter().enumerate() {
        // `median` has sorted the figures.
        let (time, made) = (median(&mut taken[at]), median(&mut allocated[at]));
        let (ratio, best, more) = (time / bare, taken[at][0] / bare_best, time - bare);
        let made_more = made - bare_made;
        let _ = writeln!(
            rows,
            "| {} | {name} | {time:.1} | {ratio:.2} ({best:.2}) | {more:+.1} | {made:.0} | {made_more:+.0} |",
            query.name()
        );
    }
    Ok(rows)
}

/// A new database with one connection and a hundred rows.
async fn pool() -> Result<SqlitePool, String> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.map_err(text)?;
    let users = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                 INSERT INTO users
                     WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100)
                     SELECT n, 'user ' || n FROM numbers";
    sqlx::raw_sql(users).execute(&pool).await.map_err(text)?;
    Ok(pool)
}

enum Pool {
    Bare(SqlitePool),
    Traced(TracingPool<Sqlite>, Tracer),
}

/// The same code for both kinds of pools.
macro_rules! burst {
    ($query:ident, $pool:ident) => {{
        const BY_ID: &str = "SELECT name FROM users WHERE id = ?";
        match $query {
            Query::OneRow => {
                for id in 1..=BURST {
                    sqlx::query_scalar::<_, String>(BY_ID).bind(id).fetch_one($pool).await?;
                }
            }
            Query::OnConnection => {
                let mut connection = $pool.acquire().await?;
                for id in 1..=BURST {
                    sqlx::query_scalar::<_, String>(BY_ID).bind(id).fetch_one(&mut *connection).await?;
                }
            }
            Query::HundredRows => {
                for _ in 0..BURST {
                    sqlx::query_as::<_, (i64, String)>("SELECT id, name FROM users").fetch_all($pool).await?;
                }
            }
        }
        Ok(())
    }};
}

impl Pool {
    async fn burst(&self, query: Query) -> sqlx::Result<()> {
        match self {
            Pool::Bare(pool) => burst!(query, pool),
            Pool::Traced(pool, tracer) => async { burst!(query, pool) }.in_span(tracer.span("page").start()).await,
        }
    }
}

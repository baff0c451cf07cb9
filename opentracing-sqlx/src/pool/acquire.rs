//! Waiting for a connection of the pool.

use std::time::{Duration, Instant, SystemTime};

use opentracing_core::{PoolWait as Waiting, Span, Value, logs, tags};
use sqlx::pool::PoolConnection;
use sqlx::{Database, Error};

use crate::database::TracingDatabase;
use crate::options::PoolWait;
use crate::pool::pool::TracingPool;
use crate::settings::Settings;
use crate::statement::error;
use crate::statement::span::StatementSpan;

/// Acquires a connection for one statement. `start` starts the statement's span, after the wait unless the span includes it. If the wait
/// fails or is dropped, the span records that.
pub(crate) async fn acquire_for<DB: TracingDatabase>(
    pool: &TracingPool<DB>,
    start: impl FnOnce() -> StatementSpan,
) -> Result<(PoolConnection<DB>, StatementSpan), Error> {
    match pool.settings().pool_wait {
        PoolWait::Tag | PoolWait::Off => {
            let wait = StatementWait { wait: Some((pool.figures().waits.start(), start)) };
            let result = pool.get_ref().acquire().await;
            wait.end(result)
        }
        PoolWait::Included => {
            let mut statement = start();
            let wait = pool.figures().waits.start();
            let result = statement.run(pool.get_ref().acquire()).await;
            statement.set_pool_wait(end_wait(wait, &result));
            with_connection(statement, result)
        }
        PoolWait::Span => acquire(pool).await.map(|(connection, _)| (connection, start())),
    }
}

/// Counts the end of a wait, and returns how long it took.
fn end_wait<T>(wait: Waiting<'_>, result: &Result<T, Error>) -> Duration {
    match result {
        Ok(_) => wait.succeed(),
        Err(Error::PoolTimedOut) => wait.time_out(),
        Err(_) => wait.fail(),
    }
}

fn with_connection<DB: Database>(
    mut statement: StatementSpan,
    result: Result<PoolConnection<DB>, Error>,
) -> Result<(PoolConnection<DB>, StatementSpan), Error> {
    match result {
        Ok(connection) => Ok((connection, statement)),
        Err(error) => {
            statement.fail(&error);
            Err(error)
        }
    }
}

/// The wait of a statement whose span starts after it. Dropping it early records a cancelled statement.
struct StatementWait<'a, F: FnOnce() -> StatementSpan> {
    wait: Option<(Waiting<'a>, F)>,
}

impl<F: FnOnce() -> StatementSpan> StatementWait<'_, F> {
    fn end<DB: Database>(
        mut self,
        result: Result<PoolConnection<DB>, Error>,
    ) -> Result<(PoolConnection<DB>, StatementSpan), Error> {
        let (wait, start) = self.wait.take().expect("only the end and the drop take it");
        let took = end_wait(wait, &result);
        let mut statement = start();
        statement.set_pool_wait(took);
        with_connection(statement, result)
    }
}

impl<F: FnOnce() -> StatementSpan> Drop for StatementWait<'_, F> {
    /// The tracer itself records a panic.
    fn drop(&mut self) {
        if let Some((wait, start)) = self.wait.take()
            && !std::thread::panicking()
        {
            let mut statement = start();
            statement.set_waiting();
            statement.set_pool_wait(wait.elapsed());
        }
    }
}

/// Acquires a connection for the caller. Returns how long that took, for the connection's first span, unless the wait has a span of its
/// own. A wait that fails or is cancelled always has a span.
pub(crate) async fn acquire<DB: TracingDatabase>(
    pool: &TracingPool<DB>,
) -> Result<(PoolConnection<DB>, Option<Duration>), Error> {
    let counted = pool.figures().waits.start();
    let mut wait = AcquireSpan::start(pool.settings());
    let result = {
        let mut acquired = std::pin::pin!(pool.get_ref().acquire());
        std::future::poll_fn(|cx| {
            let _scope = wait.span.as_mut().map(Span::activate_borrowed);
            acquired.as_mut().poll(cx)
        })
        .await
    };
    let took = end_wait(counted, &result);
    match result {
        Ok(connection) => Ok((connection, wait.succeed(took))),
        Err(error) => {
            wait.fail(&error);
            Err(error)
        }
    }
}

/// The span of a wait. Dropping it early records a cancelled wait.
struct AcquireSpan<'a> {
    settings: &'a Settings,
    started: Instant,
    /// Started at once with [`PoolWait::Span`], otherwise only for a wait that fails or is cancelled.
    span: Option<Span>,
    is_finished: bool,
}

impl<'a> AcquireSpan<'a> {
    fn start(settings: &'a Settings) -> Self {
        let mut wait = AcquireSpan { settings, started: Instant::now(), span: None, is_finished: false };
        if settings.pool_wait == PoolWait::Span {
            wait.span = Some(wait.start_span(None));
        }
        wait
    }

    /// Of kind internal: waiting usually sends nothing to the database.
    fn start_span(&self, ago: Option<Duration>) -> Span {
        let Settings { tracer, component, target, requires_parent, .. } = self.settings;
        if *requires_parent && tracer.with_active(|_| ()).is_none() {
            return Span::noop();
        }
        let mut builder = tracer.span("acquire");
        builder.tag(tags::COMPONENT, Value::Static(component));
        if let Some(start) = ago.and_then(|ago| SystemTime::now().checked_sub(ago)) {
            builder.start_time(start);
        }
        let mut span = builder.start();
        target.set_database(&mut span);
        span
    }

    /// Returns the time of the wait if no span shows it.
    fn succeed(mut self, took: Duration) -> Option<Duration> {
        self.is_finished = true;
        self.span.is_none().then_some(took)
    }

    fn fail(mut self, error: &Error) {
        self.is_finished = true;
        error::record(&mut self.take_span(), error, self.settings.text, "");
    }

    fn take_span(&mut self) -> Span {
        self.span.take().unwrap_or_else(|| self.start_span(Some(self.started.elapsed())))
    }
}

impl Drop for AcquireSpan<'_> {
    /// The tracer itself records a panic.
    fn drop(&mut self) {
        if !self.is_finished && !std::thread::panicking() {
            self.take_span().set_tag(tags::SQLX_OUTCOME, Value::Static("cancelled")).log_kv(&[
                (logs::EVENT, Value::Static("cancelled")),
                (logs::MESSAGE, Value::Static("dropped while waiting for a connection")),
            ]);
        }
    }
}

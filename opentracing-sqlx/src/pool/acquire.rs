//! Waiting for a connection of the pool.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use opentracing_core::{Span, SpanContext, Value, logs, tags};
use sqlx::pool::PoolConnection;
use sqlx::{Database, Error, Pool};

use crate::options::PoolWait;
use crate::settings::Settings;
use crate::statement::error;
use crate::statement::span::StatementSpan;

/// Acquires a connection for one statement. `start` starts the statement's span, before the wait or after it. The span fails if the
/// wait fails.
pub(crate) async fn acquire_for<DB: Database>(
    pool: &Pool<DB>,
    settings: &Arc<Settings>,
    start: impl FnOnce() -> StatementSpan,
) -> Result<(PoolConnection<DB>, StatementSpan), Error> {
    if settings.pool_wait == PoolWait::Span {
        let (connection, _) = acquire(pool, settings).await?;
        return Ok((connection, start()));
    }
    let mut statement = start();
    let started = Instant::now();
    let result = statement.run(pool.acquire()).await;
    statement.set_pool_wait(started.elapsed());
    match result {
        Ok(connection) => Ok((connection, statement)),
        Err(error) => {
            statement.fail(&error);
            Err(error)
        }
    }
}

/// Acquires a connection for the caller. Returns how long that took, for the connection's first span, unless the wait has a span of its
/// own. A wait that fails or is cancelled always has a span.
pub(crate) async fn acquire<DB: Database>(
    pool: &Pool<DB>,
    settings: &Arc<Settings>,
) -> Result<(PoolConnection<DB>, Option<Duration>), Error> {
    let mut wait = AcquireSpan::start(settings);
    let result = {
        let mut acquired = std::pin::pin!(pool.acquire());
        std::future::poll_fn(|cx| {
            let _scope = wait.span.as_mut().map(Span::activate_borrowed);
            acquired.as_mut().poll(cx)
        })
        .await
    };
    match result {
        Ok(connection) => Ok((connection, wait.succeed())),
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
    parent: Option<SpanContext>,
    /// Started at once with [`PoolWait::Span`], otherwise only for a wait that fails or is cancelled.
    span: Option<Span>,
    is_finished: bool,
}

impl<'a> AcquireSpan<'a> {
    fn start(settings: &'a Settings) -> Self {
        let parent = settings.tracer.active_context();
        let mut wait = AcquireSpan { settings, started: Instant::now(), parent, span: None, is_finished: false };
        if settings.pool_wait == PoolWait::Span {
            wait.span = Some(wait.start_span(None));
        }
        wait
    }

    /// Of kind internal: waiting usually sends nothing to the database.
    fn start_span(&self, ago: Option<Duration>) -> Span {
        let Settings { tracer, component, target, requires_parent, .. } = self.settings;
        if *requires_parent && self.parent.is_none() {
            return Span::noop();
        }
        let mut builder = tracer.span("acquire");
        builder.tag(tags::COMPONENT, Value::Static(component)).ignore_active_span();
        if let Some(parent) = &self.parent {
            builder.child_of(parent);
        }
        if let Some(start) = ago.and_then(|ago| SystemTime::now().checked_sub(ago)) {
            builder.start_time(start);
        }
        let mut span = builder.start();
        target.set_database(&mut span);
        span
    }

    /// Returns the time of the wait if no span shows it.
    fn succeed(mut self) -> Option<Duration> {
        self.is_finished = true;
        self.span.is_none().then(|| self.started.elapsed())
    }

    fn fail(mut self, error: &Error) {
        self.is_finished = true;
        error::record(&mut self.take_span(), error, self.settings.text);
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

//! Waiting for a connection of the pool.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use opentracing_core::{Span, SpanContext, Value, logs, tags};
use sqlx::pool::PoolConnection;
use sqlx::{Database, Error, Pool};

use crate::options::PoolWait;
use crate::settings::Settings;
use crate::statement::error;
use crate::statement::span::Call;

/// Gets a connection for a statement or a transaction whose span `start` starts, before the wait or behind it. A wait that fails makes
/// that span fail.
pub(crate) async fn acquire_for<DB: Database>(
    pool: &Pool<DB>,
    settings: &Arc<Settings>,
    start: impl FnOnce() -> Call,
) -> Result<(PoolConnection<DB>, Call), Error> {
    if settings.pool_wait == PoolWait::Span {
        let (connection, _) = acquire(pool, settings).await?;
        return Ok((connection, start()));
    }
    let mut call = start();
    let begun = Instant::now();
    match call.run(pool.acquire()).await {
        Ok(connection) => {
            call.waited(begun.elapsed());
            Ok((connection, call))
        }
        Err(error) => {
            call.waited(begun.elapsed());
            call.fail(&error);
            Err(error)
        }
    }
}

/// Gets a connection for whatever the caller does with it. The time is told by the connection's first span, unless it is by one of
/// its own. A wait that comes to nothing has one in any case.
pub(crate) async fn acquire<DB: Database>(
    pool: &Pool<DB>,
    settings: &Arc<Settings>,
) -> Result<(PoolConnection<DB>, Option<Duration>), Error> {
    let mut wait = Wait::begin(settings);
    let result = {
        let mut acquired = std::pin::pin!(pool.acquire());
        std::future::poll_fn(|cx| {
            let _scope = wait.span.as_mut().map(Span::lend);
            acquired.as_mut().poll(cx)
        })
        .await
    };
    match result {
        Ok(connection) => Ok((connection, wait.end())),
        Err(error) => {
            wait.fail(&error);
            Err(error)
        }
    }
}

/// Dropped before its end, it is a wait that was cancelled.
struct Wait<'a> {
    settings: &'a Settings,
    begun: Instant,
    parent: Option<SpanContext>,
    /// From the beginning if each wait has one; else it is made when there is something to tell.
    span: Option<Span>,
    is_over: bool,
}

impl<'a> Wait<'a> {
    fn begin(settings: &'a Settings) -> Self {
        let parent = settings.tracer.active_context();
        let mut wait = Wait { settings, begun: Instant::now(), parent, span: None, is_over: false };
        if settings.pool_wait == PoolWait::Span {
            wait.span = Some(wait.start(None));
        }
        wait
    }

    /// Nothing is sent to the database as a rule, so this is no exit span.
    fn start(&self, ago: Option<Duration>) -> Span {
        let Settings { tracer, target, requires_parent, .. } = self.settings;
        if *requires_parent && self.parent.is_none() {
            return Span::noop();
        }
        let mut builder = tracer.span("acquire");
        builder.tag(tags::COMPONENT, Value::Static("sqlx")).ignore_active_span();
        if let Some(parent) = &self.parent {
            builder.child_of(parent);
        }
        if let Some(begun) = ago.and_then(|ago| SystemTime::now().checked_sub(ago)) {
            builder.start_time(begun);
        }
        let mut span = builder.start();
        target.set_database(&mut span);
        span
    }

    /// How long it took, if that is not told by a span.
    fn end(mut self) -> Option<Duration> {
        self.is_over = true;
        self.span.is_none().then(|| self.begun.elapsed())
    }

    fn fail(mut self, error: &Error) {
        self.is_over = true;
        error::record(&mut self.late_span(), error, self.settings.text);
    }

    fn late_span(&mut self) -> Span {
        self.span.take().unwrap_or_else(|| self.start(Some(self.begun.elapsed())))
    }
}

impl Drop for Wait<'_> {
    /// A panic is noted by the tracer.
    fn drop(&mut self) {
        if !self.is_over && !std::thread::panicking() {
            self.late_span().set_tag(tags::SQLX_OUTCOME, Value::Static("cancelled")).log_kv(&[
                (logs::EVENT, Value::Static("cancelled")),
                (logs::MESSAGE, Value::Static("dropped while it waited for a connection")),
            ]);
        }
    }
}

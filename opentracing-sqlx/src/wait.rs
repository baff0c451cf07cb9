//! Waiting for a connection of the pool.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use opentracing_core::{Span, Value, tags};
use sqlx::pool::PoolConnection;
use sqlx::{Database, Error, Pool};

use crate::call::Call;
use crate::error;
use crate::options::PoolWait;
use crate::settings::Settings;

/// Gets a connection for a statement or a transaction whose span `start` starts, before the wait or behind it. A wait that fails makes
/// that span fail.
pub(crate) async fn acquire_for<DB: Database>(
    pool: &Pool<DB>,
    settings: &Arc<Settings>,
    start: impl FnOnce() -> Call,
) -> Result<(PoolConnection<DB>, Call), Error> {
    if settings.pool_wait == PoolWait::Span {
        let connection = acquire_in_span(pool, settings).await?;
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

/// Gets a connection for whatever the caller does with it, and tells the time. A wait that fails has a span of its own.
pub(crate) async fn acquire<DB: Database>(
    pool: &Pool<DB>,
    settings: &Arc<Settings>,
) -> Result<(PoolConnection<DB>, Option<Duration>), Error> {
    if settings.pool_wait == PoolWait::Span {
        return Ok((acquire_in_span(pool, settings).await?, None));
    }
    let begun = Instant::now();
    match pool.acquire().await {
        Ok(connection) => Ok((connection, Some(begun.elapsed()))),
        Err(error) => {
            let mut span = start(settings, Some(begun.elapsed()));
            error::record(&mut span, &error, settings.text);
            Err(error)
        }
    }
}

async fn acquire_in_span<DB: Database>(pool: &Pool<DB>, settings: &Arc<Settings>) -> Result<PoolConnection<DB>, Error> {
    let mut span = start(settings, None);
    let result = {
        let mut acquired = std::pin::pin!(pool.acquire());
        std::future::poll_fn(|cx| {
            let _scope = span.lend();
            acquired.as_mut().poll(cx)
        })
        .await
    };
    if let Err(error) = &result {
        error::record(&mut span, error, settings.text);
    }
    result
}

/// Nothing is sent to the database as a rule, so this is no exit span.
fn start(settings: &Settings, ago: Option<Duration>) -> Span {
    let tracer = &settings.tracer;
    if settings.requires_parent && tracer.with_active(|_| ()).is_none() {
        return Span::noop();
    }
    let mut builder = tracer.span("acquire");
    builder.tag(tags::COMPONENT, Value::Static("sqlx"));
    if let Some(begun) = ago.and_then(|ago| SystemTime::now().checked_sub(ago)) {
        builder.start_time(begun);
    }
    builder.start()
}

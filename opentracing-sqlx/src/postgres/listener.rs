//! The wrapped listener.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::BoxStream;
use opentracing_core::Tracer;
use sqlx::postgres::{PgConnectOptions, PgListener, PgNotification};
use sqlx::{Error, Postgres};

use crate::database::TracingDatabase;
use crate::pool::pool::TracingPool;
use crate::postgres::notification::TracingPgNotification;
use crate::settings::Settings;
use crate::statement::span::StatementSpan;

/// A listener whose notifications have a span each; see [`TracingPgNotification`]. `LISTEN` and `UNLISTEN` have spans as statements.
///
/// ```
/// use opentracing_sqlx::{PgPool, TracingPgListener};
///
/// # async fn ship(_order: &str) -> sqlx::Result<()> { Ok(()) }
/// async fn ship_orders(pool: &PgPool) -> sqlx::Result<()> {
///     let mut listener = TracingPgListener::connect_with(pool).await?;
///     listener.listen("orders").await?;
///     loop {
///         let order = listener.recv().await?;
///         order.handle(ship(order.payload())).await?;
///     }
/// }
/// ```
pub struct TracingPgListener {
    listener: PgListener,
    settings: Arc<Settings>,
}

impl TracingPgListener {
    /// Connects. Uses the global tracer. Connecting is not traced.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::connect`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let options: PgConnectOptions = url.parse()?;
        let settings = Settings::new(Tracer::global(), Postgres::target(&options));
        Ok(TracingPgListener { listener: PgListener::connect(url).await?, settings })
    }

    /// Takes a connection of a pool, and the pool's settings.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::connect_with`].
    pub async fn connect_with(pool: &TracingPool<Postgres>) -> Result<Self, Error> {
        let listener = PgListener::connect_with(pool.get_ref()).await?;
        Ok(TracingPgListener { listener, settings: pool.settings().clone() })
    }

    /// See [`PgListener::ignore_pool_close_event`].
    pub fn ignore_pool_close_event(&mut self, ignore: bool) {
        self.listener.ignore_pool_close_event(ignore);
    }

    /// See [`PgListener::eager_reconnect`].
    pub fn eager_reconnect(&mut self, eager: bool) {
        self.listener.eager_reconnect(eager);
    }

    /// Starts listening on a channel.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::listen`].
    pub async fn listen(&mut self, channel: &str) -> Result<(), Error> {
        let span = StatementSpan::text(&self.settings, &statement("LISTEN", channel));
        span.run_to_end(self.listener.listen(channel)).await
    }

    /// Starts listening on several channels.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::listen_all`].
    pub async fn listen_all(&mut self, channels: impl IntoIterator<Item = &str>) -> Result<(), Error> {
        let channels: Vec<&str> = channels.into_iter().collect();
        let text: Vec<_> = channels.iter().map(|channel| statement("LISTEN", channel)).collect();
        let span = StatementSpan::text(&self.settings, &text.join("; "));
        span.run_to_end(self.listener.listen_all(channels)).await
    }

    /// Stops listening on a channel.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::unlisten`].
    pub async fn unlisten(&mut self, channel: &str) -> Result<(), Error> {
        let span = StatementSpan::text(&self.settings, &statement("UNLISTEN", channel));
        span.run_to_end(self.listener.unlisten(channel)).await
    }

    /// Stops listening.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::unlisten_all`].
    pub async fn unlisten_all(&mut self) -> Result<(), Error> {
        let span = StatementSpan::text(&self.settings, "UNLISTEN *");
        span.run_to_end(self.listener.unlisten_all()).await
    }

    /// Receives the next notification. Waiting for it is not traced.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::recv`].
    pub async fn recv(&mut self) -> Result<TracingPgNotification, Error> {
        let notification = self.listener.recv().await?;
        Ok(self.wrap(notification))
    }

    /// Receives the next notification. Returns `None` if the connection was lost.
    ///
    /// # Errors
    ///
    /// Those of [`PgListener::try_recv`].
    pub async fn try_recv(&mut self) -> Result<Option<TracingPgNotification>, Error> {
        let notification = self.listener.try_recv().await?;
        Ok(notification.map(|notification| self.wrap(notification)))
    }

    /// Returns the next notification that was already received.
    pub fn next_buffered(&mut self) -> Option<TracingPgNotification> {
        let notification = self.listener.next_buffered()?;
        Some(self.wrap(notification))
    }

    /// Makes a stream of notifications.
    pub fn into_stream(self) -> impl Stream<Item = Result<TracingPgNotification, Error>> + Send + Unpin {
        Notifications { inner: Box::pin(self.listener.into_stream()), settings: self.settings }
    }

    /// The inner listener, to execute statements on it. They are not traced.
    pub fn get_mut(&mut self) -> &mut PgListener {
        &mut self.listener
    }

    fn wrap(&self, notification: PgNotification) -> TracingPgNotification {
        TracingPgNotification::new(&self.settings, notification)
    }
}

struct Notifications {
    inner: BoxStream<'static, Result<PgNotification, Error>>,
    settings: Arc<Settings>,
}

impl Stream for Notifications {
    type Item = Result<TracingPgNotification, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.inner.as_mut().poll_next(cx);
        next.map_ok(|notification| TracingPgNotification::new(&self.settings, notification))
    }
}

fn statement(operation: &str, channel: &str) -> String {
    format!("{operation} \"{}\"", channel.replace('"', "\"\""))
}

impl fmt::Debug for TracingPgListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPgListener").field("settings", &self.settings).finish_non_exhaustive()
    }
}

//! `COPY` from and to the client.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgCopyIn, PgPoolCopyExt};
use sqlx::{Error, Postgres};
use sqlx_core::bytes::Bytes;
use sqlx_core::io::AsyncRead;

use crate::connection::connection::TracingConnection;
use crate::connection::history::History;
use crate::pool::pool::TracingPool;
use crate::sql::Dialect;
use crate::statement::span::StatementSpan;

/// A running `COPY … FROM STDIN`, with one span from its start to [`finish`](Self::finish) or [`abort`](Self::abort). The span has the
/// number of bytes as `sqlx.copied_bytes` and the number of rows as `sqlx.rows_affected`.
///
/// ```
/// use opentracing_sqlx::PgConnection;
///
/// async fn import(conn: &mut PgConnection, csv: &[u8]) -> sqlx::Result<u64> {
///     let mut copy = conn.copy_in_raw("COPY books FROM STDIN (FORMAT csv)").await?;
///     copy.send(csv).await?;
///     copy.finish().await
/// }
/// ```
#[must_use = "the connection fails on its next use if neither `finish` nor `abort` is called"]
pub struct TracingPgCopyIn<'c, C: DerefMut<Target = PgConnection>> {
    copy: PgCopyIn<C>,
    span: StatementSpan,
    /// `None` for a connection that belongs to the copy.
    history: Option<&'c mut History>,
}

impl<C: DerefMut<Target = PgConnection>> TracingPgCopyIn<'_, C> {
    /// Whether the format is text or CSV. See [`PgCopyIn::is_textual`].
    pub fn is_textual(&self) -> bool {
        self.copy.is_textual()
    }

    /// The number of columns. See [`PgCopyIn::num_columns`].
    pub fn num_columns(&self) -> usize {
        self.copy.num_columns()
    }

    /// Whether a column is text. See [`PgCopyIn::column_is_textual`].
    pub fn column_is_textual(&self, column: usize) -> bool {
        self.copy.column_is_textual(column)
    }

    /// Sends data.
    ///
    /// # Errors
    ///
    /// Those of [`PgCopyIn::send`].
    pub async fn send(&mut self, data: impl Deref<Target = [u8]>) -> Result<&mut Self, Error> {
        let size = data.len();
        let sent = self.span.run(self.copy.send(data)).await.map(drop);
        self.span.count_copied(size);
        self.check(sent)
    }

    /// Sends what a reader returns. sqlx does not report its size, so the span has no number of bytes.
    ///
    /// # Errors
    ///
    /// Those of [`PgCopyIn::read_from`].
    pub async fn read_from(&mut self, source: impl AsyncRead + Unpin) -> Result<&mut Self, Error> {
        let sent = self.span.run(self.copy.read_from(source)).await.map(drop);
        self.span.forget_copied();
        self.check(sent)
    }

    /// Ends the copy, so that no row is stored. The span finishes as `aborted`, without an error.
    ///
    /// # Errors
    ///
    /// Those of [`PgCopyIn::abort`].
    pub async fn abort(self, message: impl Into<String>) -> Result<(), Error> {
        let TracingPgCopyIn { copy, mut span, history } = self;
        let result = span.run(copy.abort(message)).await;
        match &result {
            Ok(()) => span.abort("the caller aborted the copy"),
            Err(error) => span.fail(error),
        }
        if let Some(history) = history {
            // The server reports an error, which also aborts an open transaction.
            history.finish(&result, Dialect::Postgres);
            history.abort();
        }
        result
    }

    /// Ends the copy, and returns the number of rows.
    ///
    /// # Errors
    ///
    /// Those of [`PgCopyIn::finish`].
    pub async fn finish(self) -> Result<u64, Error> {
        let TracingPgCopyIn { copy, mut span, history } = self;
        let result = span.run(copy.finish()).await;
        match &result {
            Ok(rows) => {
                span.set_affected(*rows);
                span.succeed();
            }
            Err(error) => span.fail(error),
        }
        if let Some(history) = history {
            history.finish(&result, Dialect::Postgres);
        }
        result
    }

    fn check(&mut self, sent: Result<(), Error>) -> Result<&mut Self, Error> {
        match sent {
            Ok(()) => Ok(self),
            Err(error) => {
                self.span.fail(&error);
                Err(error)
            }
        }
    }
}

impl TracingConnection<Postgres> {
    /// Starts a `COPY … FROM STDIN`.
    ///
    /// # Errors
    ///
    /// Those of [`PgConnection::copy_in_raw`].
    pub async fn copy_in_raw(&mut self, statement: &str) -> Result<TracingPgCopyIn<'_, &mut PgConnection>, Error> {
        let mut span = StatementSpan::copy(&self.settings, statement);
        self.start(&mut span);
        let (connection, history) = self.split();
        let copy = span.run(connection.copy_in_raw(statement)).await;
        copied_in(copy, span, Some(history))
    }

    /// Starts a `COPY … TO STDOUT`, and returns its data. The span lasts to the end of the stream, and has the number of bytes as
    /// `sqlx.copied_bytes`. sqlx does not report the number of rows.
    ///
    /// # Errors
    ///
    /// Those of [`PgConnection::copy_out_raw`].
    pub async fn copy_out_raw(&mut self, statement: &str) -> Result<BoxStream<'_, Result<Bytes, Error>>, Error> {
        let mut span = StatementSpan::copy(&self.settings, statement);
        self.start(&mut span);
        let (connection, history) = self.split();
        let data = span.run(connection.copy_out_raw(statement)).await;
        copied_out(data, span, Some(history))
    }

    /// The version number of the server, such as 160004. `None` if the server has not sent it.
    pub fn server_version_num(&self) -> Option<u32> {
        self.get_ref().server_version_num()
    }
}

impl TracingPool<Postgres> {
    /// Acquires a connection, and starts a `COPY … FROM STDIN` on it. The span includes the wait for the connection.
    ///
    /// # Errors
    ///
    /// Those of [`PgPoolCopyExt::copy_in_raw`].
    pub async fn copy_in_raw(
        &self,
        statement: &str,
    ) -> Result<TracingPgCopyIn<'static, PoolConnection<Postgres>>, Error> {
        let mut span = StatementSpan::copy(self.settings(), statement);
        let copy = span.run(self.get_ref().copy_in_raw(statement)).await;
        copied_in(copy, span, None)
    }

    /// Acquires a connection, and starts a `COPY … TO STDOUT` on it. See [`TracingConnection::copy_out_raw`].
    ///
    /// # Errors
    ///
    /// Those of [`PgPoolCopyExt::copy_out_raw`].
    pub async fn copy_out_raw(&self, statement: &str) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let mut span = StatementSpan::copy(self.settings(), statement);
        let data = span.run(self.get_ref().copy_out_raw(statement)).await;
        copied_out(data, span, None)
    }
}

fn copied_in<'c, C: DerefMut<Target = PgConnection>>(
    copy: Result<PgCopyIn<C>, Error>,
    mut span: StatementSpan,
    history: Option<&'c mut History>,
) -> Result<TracingPgCopyIn<'c, C>, Error> {
    match copy {
        Ok(copy) => Ok(TracingPgCopyIn { copy, span, history }),
        Err(error) => {
            span.fail(&error);
            let result = Err(error);
            if let Some(history) = history {
                history.finish(&result, Dialect::Postgres);
            }
            result
        }
    }
}

fn copied_out<'c>(
    data: Result<BoxStream<'c, Result<Bytes, Error>>, Error>,
    mut span: StatementSpan,
    history: Option<&'c mut History>,
) -> Result<BoxStream<'c, Result<Bytes, Error>>, Error> {
    match data {
        Ok(data) => Ok(Box::pin(CopyOut { data, span, history })),
        Err(error) => {
            span.fail(&error);
            let result = Err(error);
            if let Some(history) = history {
                history.finish(&result, Dialect::Postgres);
            }
            result
        }
    }
}

/// The data of a `COPY … TO STDOUT`.
struct CopyOut<'c> {
    data: BoxStream<'c, Result<Bytes, Error>>,
    span: StatementSpan,
    history: Option<&'c mut History>,
}

impl CopyOut<'_> {
    fn finish(&mut self, result: &Result<(), Error>) {
        if let Some(history) = self.history.take() {
            history.finish(result, Dialect::Postgres);
        }
    }
}

impl Stream for CopyOut<'_> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = this.span.poll(|| this.data.as_mut().poll_next(cx));
        match next {
            Poll::Ready(Some(Ok(data))) => {
                this.span.count_copied(data.len());
                Poll::Ready(Some(Ok(data)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.span.fail(&error);
                let result = Err(error);
                this.finish(&result);
                Poll::Ready(result.err().map(Err))
            }
            Poll::Ready(None) => {
                this.span.succeed();
                this.finish(&Ok(()));
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<C: DerefMut<Target = PgConnection>> fmt::Debug for TracingPgCopyIn<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPgCopyIn").finish_non_exhaustive()
    }
}

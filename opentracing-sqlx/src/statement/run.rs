//! The execution of a statement inside its span.

use std::pin::pin;
use std::task::{Poll, ready};

use sqlx::{Either, Error, Execute};

use crate::database::TracingDatabase;
use crate::statement::query::Query;
use crate::statement::row_stream::Slot;
use crate::statement::span::StatementSpan;

impl StatementSpan {
    /// Runs a part of the work with the span active.
    pub(crate) async fn run<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            let _scope = self.span.activate_borrowed();
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Runs the rest of the work with the span active, and finishes the span.
    pub(crate) async fn run_to_end<T>(mut self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let result = self.run(work).await;
        match &result {
            Ok(_) => self.succeed(),
            Err(error) => self.fail(error),
        }
        result
    }

    /// Executes a query that returns one row at most, and finishes the span.
    pub(crate) async fn fetch_optional<'q, DB, E>(
        mut self,
        connection: &mut DB::Connection,
        query: Query<E, DB::Arguments>,
    ) -> Result<Option<DB::Row>, Error>
    where
        DB: TracingDatabase,
        E: Execute<'q, DB> + 'q,
    {
        let result = self.run(DB::fetch_optional(connection, query)).await;
        match &result {
            Ok(row) => {
                self.rows.returned = row.is_some().into();
                self.succeed();
            }
            Err(error) => self.fail(error),
        }
        result
    }

    /// Executes a query, hands its rows and results over through the slot, and finishes the span.
    pub(crate) async fn fetch_many<'q, DB, E>(
        mut self,
        connection: &mut DB::Connection,
        query: Query<E, DB::Arguments>,
        slot: Slot<DB>,
    ) -> Result<(), Error>
    where
        DB: TracingDatabase,
        E: Execute<'q, DB> + 'q,
    {
        let mut items = DB::fetch_many(connection, query);
        std::future::poll_fn(|cx| {
            let item = {
                let _scope = self.span.activate_borrowed();
                ready!(items.as_mut().poll_next(cx))
            };
            match item {
                Some(Ok(item)) => {
                    match &item {
                        Either::Left(result) => self.count_affected(DB::rows_affected(result)),
                        Either::Right(_) => self.count_row(),
                    }
                    slot.put(item);
                    // No waker is needed: the stream that polls this future takes the item from the slot at once.
                    Poll::Pending
                }
                Some(Err(error)) => {
                    self.fail(&error);
                    Poll::Ready(Err(error))
                }
                None => {
                    self.succeed();
                    Poll::Ready(Ok(()))
                }
            }
        })
        .await
    }
}

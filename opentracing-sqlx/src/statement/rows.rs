//! The rows of a statement, as a stream that owns what they are read from.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Database, Either, Error, Execute};

use crate::database::TracingDatabase;
use crate::statement::query::Query;
use crate::statement::span::Call;

/// A row, or the end of one of the statements.
pub(crate) type Step<DB> = Result<Either<<DB as Database>::QueryResult, <DB as Database>::Row>, Error>;

/// Where the work leaves a step before it lets go of the thread. Both sides are in one stream, so nobody ever waits for the lock.
pub(crate) struct Slot<DB: Database>(Arc<Mutex<Option<Step<DB>>>>);

impl<DB: Database> Slot<DB> {
    fn with<R>(&self, f: impl FnOnce(&mut Option<Step<DB>>) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A stream whose steps come from a future: that holds the connection, and what borrows from it.
pub(crate) fn stream<'e, DB, F>(work: impl FnOnce(Slot<DB>) -> F) -> BoxStream<'e, Step<DB>>
where
    DB: TracingDatabase,
    F: Future<Output = Result<(), Error>> + Send + 'e,
{
    let slot = Arc::new(Mutex::new(None));
    let work = Some(Box::pin(work(Slot(slot.clone()))) as BoxFuture<'e, _>);
    Box::pin(Rows { work, slot: Slot::<DB>(slot) })
}

struct Rows<'e, DB: Database> {
    /// `None` once it has ended.
    work: Option<BoxFuture<'e, Result<(), Error>>>,
    slot: Slot<DB>,
}

impl<DB: TracingDatabase> Stream for Rows<'_, DB> {
    type Item = Step<DB>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        match work.as_mut().poll(cx) {
            Poll::Ready(result) => {
                self.work = None;
                Poll::Ready(result.err().map(Err))
            }
            Poll::Pending => match self.slot.with(Option::take) {
                Some(step) => Poll::Ready(Some(step)),
                None => Poll::Pending,
            },
        }
    }
}

/// Executes the query, and leaves its steps in the slot one by one.
pub(crate) async fn execute<'q, DB, E>(
    connection: &mut DB::Connection,
    mut call: Call,
    query: Query<E, DB::Arguments>,
    slot: Slot<DB>,
) -> Result<(), Error>
where
    DB: TracingDatabase,
    E: Execute<'q, DB> + 'q,
{
    let mut steps = DB::fetch_many(connection, query);
    std::future::poll_fn(|cx| {
        let step = {
            let _scope = call.span.lend();
            ready!(steps.as_mut().poll_next(cx))
        };
        match step {
            Some(Ok(Either::Right(row))) => {
                call.returned_row();
                slot.with(|slot| *slot = Some(Ok(Either::Right(row))));
                // The stream finds the row, so whoever polls it is awake.
                Poll::Pending
            }
            Some(Ok(Either::Left(result))) => {
                call.affected(DB::rows_affected(&result));
                slot.with(|slot| *slot = Some(Ok(Either::Left(result))));
                Poll::Pending
            }
            Some(Err(error)) => {
                call.fail(&error);
                Poll::Ready(Err(error))
            }
            None => {
                call.end();
                Poll::Ready(Ok(()))
            }
        }
    })
    .await
}

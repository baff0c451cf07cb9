//! A stream of rows that is driven by a future.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Database, Error};

use crate::database::{Item, TracingDatabase};

/// Where the future leaves an item for the stream. Both run in one `poll`, so the lock is never contended.
pub(crate) struct Slot<DB: Database>(Arc<Mutex<Option<Item<DB>>>>);

impl<DB: Database> Slot<DB> {
    pub(super) fn put(&self, item: Item<DB>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(item);
    }

    fn take(&self) -> Option<Item<DB>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Makes a stream of the items that a future leaves in the slot. The future owns the connection that its rows borrow from.
pub(crate) fn row_stream<'e, DB, F>(work: impl FnOnce(Slot<DB>) -> F) -> BoxStream<'e, Result<Item<DB>, Error>>
where
    DB: TracingDatabase,
    F: Future<Output = Result<(), Error>> + Send + 'e,
{
    let slot = Arc::new(Mutex::new(None));
    let work: BoxFuture<'e, _> = Box::pin(work(Slot(slot.clone())));
    Box::pin(RowStream { work: Some(work), slot: Slot::<DB>(slot) })
}

struct RowStream<'e, DB: Database> {
    /// `None` once it has ended.
    work: Option<BoxFuture<'e, Result<(), Error>>>,
    slot: Slot<DB>,
}

impl<DB: TracingDatabase> Stream for RowStream<'_, DB> {
    type Item = Result<Item<DB>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        match work.as_mut().poll(cx) {
            Poll::Ready(result) => {
                self.work = None;
                Poll::Ready(result.err().map(Err))
            }
            Poll::Pending => match self.slot.take() {
                Some(item) => Poll::Ready(Some(Ok(item))),
                None => Poll::Pending,
            },
        }
    }
}

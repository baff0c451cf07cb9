//! Tokio's functions that start a task, with the active span. Tokio's own functions lose it.
//!
//! The task shares the span and does not finish it. For a task with a span of its own, use `tokio::spawn(future.in_span(span))`.

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::scope::in_span::InSpan;
use crate::span::span_ref::SpanRef;

/// Spawns a task in the active span.
///
/// # Panics
///
/// Outside of a Tokio runtime, as `tokio::spawn` does.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.in_active_span())
}

/// Runs a closure that blocks, in the active span.
///
/// # Panics
///
/// Outside of a Tokio runtime, as `tokio::task::spawn_blocking` does.
#[track_caller]
pub fn spawn_blocking<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    tokio::task::spawn_blocking(SpanRef::active().wrap(f))
}

/// Adds tasks to a `JoinSet` in the active span. Sealed: it is for `JoinSet` alone and may get further methods.
///
/// ```
/// use opentracing_core::task::JoinSetExt;
/// use tokio::task::JoinSet;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut tasks = JoinSet::new();
/// tasks.spawn_in_active_span(async { 1 });
/// assert_eq!(tasks.join_all().await, [1]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait JoinSetExt<T>: sealed::Sealed {
    /// Spawns a task in the active span.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, as `JoinSet::spawn` does.
    #[track_caller]
    fn spawn_in_active_span<F: Future<Output = T> + Send + 'static>(&mut self, future: F) -> AbortHandle;

    /// Runs a closure that blocks, in the active span.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, as `JoinSet::spawn_blocking` does.
    #[track_caller]
    fn spawn_blocking_in_active_span<F: FnOnce() -> T + Send + 'static>(&mut self, f: F) -> AbortHandle;
}

impl<T: Send + 'static> JoinSetExt<T> for JoinSet<T> {
    #[track_caller]
    fn spawn_in_active_span<F: Future<Output = T> + Send + 'static>(&mut self, future: F) -> AbortHandle {
        self.spawn(future.in_active_span())
    }

    #[track_caller]
    fn spawn_blocking_in_active_span<F: FnOnce() -> T + Send + 'static>(&mut self, f: F) -> AbortHandle {
        self.spawn_blocking(SpanRef::active().wrap(f))
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::JoinSet<T> {}
}

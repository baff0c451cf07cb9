//! Keeps callbacks from being entered again on the same thread.

use std::cell::Cell;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Exists while a callback runs on this thread. A `Debug` of the user, a clock or a sampler may itself use `tracing` or `log`; what it
/// records meanwhile is left out, because it would recurse or deadlock.
pub(crate) struct Inside(());

impl Inside {
    /// `None` if a callback runs already, or if the thread is going away.
    #[inline]
    pub(crate) fn enter() -> Option<Inside> {
        let was_inside = INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(true);
        if was_inside { None } else { Some(Inside(())) }
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        // If the thread is going away, the flag is gone too.
        let _ = INSIDE.try_with(|inside| inside.set(false));
    }
}

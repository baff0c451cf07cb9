//! A hook that tells the active span of a panic.

use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::recorder::local;

/// Installs a panic hook that tells the active span what happened, and then calls the hook that was there before.
///
/// The span gets the tag `error` and a log with `event=error`, `error.kind=panic`, `message` and `place`, which is file, line and column.
/// That holds for every panic while the span is active on the panicking thread, also for one that is caught further out, by a layer that
/// answers 500 for example. Without the hook, a span that is left by a panic has the same log without message and place, since a
/// destructor cannot see them.
///
/// Call it once at the start of the program, after other hooks were set; a hook that replaces this one without calling it switches it off.
/// Later calls do nothing, and so does a call while the thread panics.
///
/// ```
/// opentracing_core::panic_hook();
/// ```
pub fn panic_hook() {
    static INSTALLED: Once = Once::new();
    if std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            note(panic);
            before(panic);
        }));
    });
}

fn note(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message =
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    local::with(|local| {
        let active = local.top_as_it_is()?;
        local.with_state(active, |state| state.note_panic(message.unwrap_or("a panic without a text"), &place))
    });
}

//! Signals that end the process, for programs without a handler of their own.

use std::io;
use std::os::raw::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use opentracing_core::Tracer;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Closed by the first signal, as long as its guard lives.
pub(crate) type Terminating = Arc<Entry>;

#[derive(Debug)]
pub(crate) struct Entry {
    tracer: Tracer,
    grace: Duration,
}

#[derive(Default)]
struct Handler {
    is_installed: bool,
    entries: Vec<Weak<Entry>>,
}

static HANDLER: Mutex<Handler> = Mutex::new(Handler { is_installed: false, entries: Vec::new() });

fn handler() -> MutexGuard<'static, Handler> {
    HANDLER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds a tracer to those that are closed. The first one installs the handlers.
pub(crate) fn install(tracer: &Tracer, grace: Duration) -> io::Result<Terminating> {
    let entry = Arc::new(Entry { tracer: tracer.clone(), grace });
    let mut handler = handler();
    if !handler.is_installed {
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let wait = move || {
            if let Some(signal) = signals.forever().next() {
                end(signal);
            }
        };
        thread::Builder::new().name("opentracing-signals".into()).spawn(wait)?;
        handler.is_installed = true;
    }
    handler.entries.retain(|entry| entry.strong_count() > 0);
    handler.entries.push(Arc::downgrade(&entry));
    Ok(entry)
}

/// Closes all tracers at the same time, then applies the default action of the signal.
fn end(signal: c_int) {
    let entries: Vec<_> = handler().entries.iter().filter_map(Weak::upgrade).collect();
    thread::scope(|threads| {
        for entry in &entries {
            // The process ends, so there is no caller for the error.
            let close = || entry.tracer.close(entry.grace);
            if thread::Builder::new().spawn_scoped(threads, close).is_err() {
                let _ = close();
            }
        }
    });
    // Fails for unknown signals only.
    let _ = emulate_default_handler(signal);
}

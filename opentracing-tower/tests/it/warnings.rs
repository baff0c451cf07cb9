//! The warnings that the process writes to `log`.

use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Warnings;

/// From here on warnings are kept.
pub(crate) fn collect() {
    static BEGIN: Once = Once::new();
    BEGIN.call_once(|| {
        log::set_logger(&Warnings).unwrap();
        log::set_max_level(LevelFilter::Warn);
    });
}

/// The warnings that contain the text, with their level.
pub(crate) fn about(text: &str) -> Vec<String> {
    lock().iter().filter(|warning| warning.contains(text)).cloned().collect()
}

fn lock() -> MutexGuard<'static, Vec<String>> {
    WARNINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Log for Warnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        lock().push(format!("{} {}", record.level(), record.args()));
    }

    fn flush(&self) {}
}

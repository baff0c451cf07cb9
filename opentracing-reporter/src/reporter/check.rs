//! Runs the checks of transports.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::transport::{CheckKind, CheckOutcome, CheckResult, TransportCheck};

enum Started {
    Running(Receiver<Result<String, String>>),
    Ready(CheckOutcome),
}

/// Runs all checks at the same time. None may take longer than `timeout`.
pub(crate) fn run(checks: Vec<(&'static str, TransportCheck)>, timeout: Duration) -> Vec<CheckResult> {
    let deadline = Instant::now().checked_add(timeout);
    // Ends a little earlier, so that its own error arrives in time, which says more.
    let own_timeout = timeout - (timeout / 10).min(Duration::from_millis(100));
    let started: Vec<_> = checks.into_iter().map(|(name, check)| (name, start(check, own_timeout))).collect();
    let results = started.into_iter().map(|(transport, started)| {
        let outcome = match started {
            Started::Ready(outcome) => outcome,
            Started::Running(result) => {
                let left = deadline.map_or(timeout, |deadline| deadline.saturating_duration_since(Instant::now()));
                match result.recv_timeout(left) {
                    Ok(Ok(text)) => CheckOutcome::Passed(text),
                    Ok(Err(text)) => CheckOutcome::Failed(text),
                    Err(RecvTimeoutError::Timeout) => {
                        CheckOutcome::Failed(format!("the check is not done within {timeout:?}"))
                    }
                    Err(RecvTimeoutError::Disconnected) => CheckOutcome::Failed("the check panicked".to_owned()),
                }
            }
        };
        CheckResult { transport, outcome }
    });
    results.collect()
}

fn start(check: TransportCheck, timeout: Duration) -> Started {
    let work = match check.0 {
        CheckKind::Work(work) => work,
        CheckKind::Unavailable(reason) => return Started::Ready(CheckOutcome::NotChecked(reason.into())),
    };
    let (sender, result) = channel();
    let thread = std::thread::Builder::new().name("opentracing-check".into());
    // The receiver may have given up.
    match thread.spawn(move || drop(sender.send(work(timeout)))) {
        Ok(_) => Started::Running(result),
        Err(error) => Started::Ready(CheckOutcome::Failed(format!("the check cannot start a thread: {error}"))),
    }
}

/// Writes a line for each result.
pub(crate) fn log(results: &[CheckResult]) {
    for result in results {
        let level = if result.has_failed() { log::Level::Warn } else { log::Level::Info };
        log::log!(level, "{result}");
    }
}

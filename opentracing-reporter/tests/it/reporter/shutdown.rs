//! Shutdown, and runtimes that are blocked or gone.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, FlushGuard, SendOutcome, SendReason};

use crate::reporter::logging::lines_with;
use crate::support::transports::{NEVER, PATIENCE, channelled, finish_spans, names, scripted};

#[test]
fn dropping_the_guard_sends_the_remaining_spans() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let (tracer, guard) = BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 2);
    drop(guard);
    assert_eq!(arrived.try_recv(), Ok((SendReason::Flush, names(2))));
    finish_spans(&tracer, 1);
    assert_eq!(tracer.stats().dropped_shutdown, 1, "the tracer is closed");
    Ok(())
}

#[test]
fn sends_the_remaining_spans_when_tracer_and_guard_are_dropped() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let (tracer, guard) = BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 2);
    drop(tracer);
    drop(guard);
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Flush, names(2))));
    Ok(())
}

#[test]
fn closing_twice_changes_nothing() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let (tracer, guard) = BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 2);
    assert_eq!(tracer.close(PATIENCE), Ok(()));
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(tracer.close(PATIENCE), Ok(()));
    assert_eq!(arrived.try_iter().collect::<Vec<_>>(), [(SendReason::Flush, names(2))]);
    Ok(())
}

/// The test passes if these calls return.
#[test]
fn a_hanging_transport_does_not_block_flush_close_or_drop() -> std::io::Result<()> {
    let limit = Duration::from_millis(1);
    type End = fn(FlushGuard) -> Result<(), FlushError>;
    let ends: [(&str, End, Result<(), FlushError>); 3] = [
        ("flush", |guard| guard.flush(Duration::from_millis(1)), Err(FlushError::Timeout)),
        ("close", |guard| guard.close(Duration::from_millis(1)), Err(FlushError::Timeout)),
        (
            "drop",
            |guard| {
                drop(guard);
                Ok(())
            },
            Ok(()),
        ),
    ];
    for (name, end, expected) in ends {
        let (open, closed) = channel::<()>();
        let hanging = scripted(move |_, _| {
            let _ = closed.recv();
            SendOutcome::none()
        });
        let reporter = BatchReporter::new(hanging).close_timeout(limit);
        let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
        finish_spans(&tracer, 1);
        assert_eq!(end(guard), expected, "{name}");
        drop(open);
    }
    Ok(())
}

#[test]
fn counts_spans_that_close_drops() -> std::io::Result<()> {
    let (alive, gone) = channel::<()>();
    let stuck = scripted(move |_, _| {
        let _ = &alive;
        SendOutcome::in_progress()
    });
    let (tracer, guard) = BatchReporter::new(stuck).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 3);
    assert_eq!(guard.close(Duration::from_millis(1)), Err(FlushError::Timeout));
    // The thread may be late. Once it has dropped the transport, closing again only waits for it.
    assert_eq!(gone.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    assert_eq!(tracer.close(PATIENCE), Err(FlushError::Timeout), "the answer of the one attempt that there was");
    assert_eq!(tracer.stats().reporter.dropped_failed, 3);
    assert_eq!(tracer.stats().lost(), 3);
    Ok(())
}

#[test]
fn a_slow_transport_leaves_time_for_the_others() -> std::io::Result<()> {
    let stuck = scripted(|_, _| SendOutcome::in_progress());
    let (good, arrived) = channelled();
    let reporter = BatchReporter::new(stuck).transport(good).batch_delay(NEVER);
    let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 3);
    assert_eq!(guard.close(Duration::from_millis(100)), Err(FlushError::Timeout));
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Flush, names(3))));
    Ok(())
}

#[test]
fn sends_while_the_runtime_is_blocked() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let reporter = BatchReporter::new(transport).batch_size(2).batch_delay(NEVER);
    let (tracer, _guard) = reporter.start(Tracer::builder("shop"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let sent = runtime.block_on(async {
        finish_spans(&tracer, 2);
        // This blocks the only thread of the runtime.
        arrived.recv_timeout(PATIENCE)
    });
    assert_eq!(sent, Ok((SendReason::Due, names(2))));
    Ok(())
}

#[test]
fn sends_when_the_runtime_is_gone() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (tracer, guard) =
        runtime.block_on(async { BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop")) })?;
    runtime.block_on(async { finish_spans(&tracer, 2) });
    drop(runtime);
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(arrived.try_recv(), Ok((SendReason::Flush, names(2))));
    Ok(())
}

#[test]
fn guard_may_be_dropped_inside_a_runtime() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let (tracer, _guard) = BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop"))?;
        finish_spans(&tracer, 2);
        Ok::<_, std::io::Error>(())
    })?;
    assert_eq!(arrived.try_recv(), Ok((SendReason::Flush, names(2))));
    Ok(())
}

/// The pattern `_` drops the guard at once.
#[test]
fn a_guard_dropped_before_the_first_span_keeps_the_tracer_open_and_warns() -> std::io::Result<()> {
    const WARNING: &str = "the FlushGuard of \"unguarded\" was dropped before the first span";
    assert!(lines_with(WARNING).is_empty());
    let (transport, arrived) = channelled();
    let reporter = BatchReporter::new(transport).batch_size(2).batch_delay(NEVER);
    let (tracer, _) = reporter.start(Tracer::builder("unguarded"))?;
    for _ in 0..2 {
        finish_spans(&tracer, 2);
        assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Due, names(2))));
    }
    assert_eq!(tracer.stats().lost(), 0);
    assert_eq!(lines_with(WARNING).len(), 1, "once");
    Ok(())
}

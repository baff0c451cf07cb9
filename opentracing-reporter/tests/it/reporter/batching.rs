//! When batches are sent, and what happens to spans that are not.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, FlushError, Tracer};
use opentracing_reporter::{BatchReporter, SendOutcome, SendReason, Transport};

use crate::support::transports::{NEVER, PATIENCE, channelled, finish_spans, forward, names, scripted};

#[test]
fn sends_a_batch_when_it_is_full() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let reporter = BatchReporter::new(transport).batch_size(3).batch_delay(NEVER);
    let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 3);
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Due, names(3))));
    finish_spans(&tracer, 2);
    assert_eq!(guard.flush(PATIENCE), Ok(()));
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Flush, names(2))), "two spans are no batch, and wait");
    assert_eq!(tracer.stats().reporter.sent, 5);
    Ok(())
}

#[test]
fn sends_after_the_delay() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let reporter = BatchReporter::new(transport).batch_delay(Duration::from_millis(1));
    let (tracer, _guard) = reporter.start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 1);
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Due, names(1))));
    Ok(())
}

#[test]
fn a_transport_can_override_the_delay() -> std::io::Result<()> {
    let (sender, arrived) = channel();
    let transport = scripted(move |reason, names| forward(&sender, reason, names)).after(Duration::from_millis(1));
    let (tracer, _guard) = BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 1);
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Due, names(1))));
    Ok(())
}

#[test]
fn continues_a_request_in_progress() -> std::io::Result<()> {
    let (sender, arrived) = channel();
    let mut calls = 0;
    let transport = scripted(move |reason, names| {
        calls += 1;
        if calls < 4 { SendOutcome::in_progress() } else { forward(&sender, reason, names) }
    });
    let (tracer, _guard) =
        BatchReporter::new(transport).batch_size(1).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 1);
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Due, names(1))));
    Ok(())
}

#[test]
fn drops_spans_beyond_the_queue_size() -> std::io::Result<()> {
    let (open, closed) = channel::<()>();
    let mut most = 0;
    let (sender, arrived) = channel();
    let transport = scripted(move |reason, names| {
        most = most.max(names.len());
        // Nothing is sent until the test allows it.
        match (closed.try_recv(), most) {
            (Err(std::sync::mpsc::TryRecvError::Empty), _) => SendOutcome::in_progress(),
            (_, ..=8) => forward(&sender, reason, names),
            (_, most) => SendOutcome::dropped(most, "more were waiting than the queue admits"),
        }
    });
    let reporter = BatchReporter::new(transport).queue_size(8).batch_size(4).batch_delay(NEVER);
    let tracer = Tracer::builder("shop").build_inline(reporter);
    finish_spans(&tracer, 30);
    assert_eq!(tracer.flush(Duration::ZERO), Err(FlushError::Timeout));
    assert_eq!(tracer.stats().reporter.dropped_queue_full, 22);
    drop(open);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "what was lost before the last flush was told then");
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Due, names(8))), "the first that came are kept");
    assert_eq!(tracer.stats().reporter.sent, 8);
    Ok(())
}

#[test]
fn asks_the_transport_for_room_before_it_drops() {
    let (sender, arrived) = channel();
    let transport = scripted(move |reason, names| match reason {
        SendReason::QueueFull => forward(&sender, reason, names),
        _ => SendOutcome::none(),
    });
    let tracer = Tracer::builder("shop")
        .build_inline(BatchReporter::new(transport).queue_size(8).batch_size(4).batch_delay(NEVER));
    finish_spans(&tracer, 30);
    assert_eq!(tracer.flush(Duration::ZERO), Err(FlushError::Timeout), "six are left");
    assert_eq!(arrived.try_iter().map(|(_, names)| names.len()).collect::<Vec<_>>(), [8, 8, 8]);
    assert_eq!(tracer.stats().reporter.dropped_queue_full, 0);
}

#[test]
fn sends_once_a_blocked_transport_continues() -> std::io::Result<()> {
    let (blocked, is_blocked) = channel();
    let (open, closed) = channel::<()>();
    let (sender, arrived) = channel();
    let transport = scripted(move |reason, names| {
        let _ = blocked.send(());
        // Breaks the contract: it ignores the deadline and blocks until the sender is dropped.
        let _ = closed.recv();
        forward(&sender, reason, names)
    });
    let (tracer, guard) =
        BatchReporter::new(transport).batch_size(2).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 2);
    assert_eq!(is_blocked.recv_timeout(PATIENCE), Ok(()));
    finish_spans(&tracer, 2);
    assert_eq!(guard.flush(Duration::from_millis(1)), Err(FlushError::Timeout));
    drop(open);
    assert_eq!(guard.flush(PATIENCE), Ok(()));
    let sent: Vec<String> = arrived.try_iter().flat_map(|(_, names)| names).collect();
    assert_eq!(sent, [names(2), names(2)].concat());
    Ok(())
}

#[test]
fn a_failing_transport_does_not_affect_another() -> std::io::Result<()> {
    struct BadAdd;
    impl Transport for BadAdd {
        fn name(&self) -> &'static str {
            "bad"
        }
        fn add(&mut self, _: FinishedSpan<'_>) {
            panic!("a transport's own mistake");
        }
        fn pending(&self) -> usize {
            0
        }
        fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
            SendOutcome::none()
        }
    }
    let losing = scripted(|_, names| SendOutcome::dropped(std::mem::take(names).len(), "connection refused"));
    let panicking = scripted(|_, _| panic!("a transport's own mistake"));
    let (good, arrived) = channelled();
    let reporter = BatchReporter::new(BadAdd).transport(losing).transport(panicking).transport(good).batch_delay(NEVER);
    let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 5);
    assert_eq!(guard.flush(PATIENCE), Err(FlushError::Failed));
    assert_eq!(arrived.recv_timeout(PATIENCE), Ok((SendReason::Flush, names(5))));
    let stats = tracer.stats();
    assert_eq!((stats.reporter.sent, stats.reporter.dropped_failed), (5, 15), "once for each transport");
    assert_eq!((stats.delivered, stats.dropped_reporter_panic), (5, 0));
    Ok(())
}

#[test]
fn drops_a_transport_that_panics_three_times_in_a_row() {
    let (sender, calls) = channel();
    let transport = scripted(move |_, _| {
        let _ = sender.send(());
        panic!("a transport's own mistake")
    });
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(transport).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    assert_eq!(calls.try_iter().count(), 3);
    assert_eq!(tracer.stats().reporter.dropped_failed, 4);
}

#[test]
fn keeps_a_transport_that_panics_occasionally() {
    let (sender, arrived) = channel();
    let mut calls = 0;
    let transport = scripted(move |reason, names| {
        calls += 1;
        if calls % 3 == 0 { forward(&sender, reason, names) } else { panic!("a transport's own mistake") }
    });
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(transport).batch_delay(NEVER));
    for _ in 0..4 {
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
        assert_eq!(arrived.try_recv(), Ok((SendReason::Flush, names(2))));
    }
    assert!(tracer.stats().reporter.is_lossless());
}

#[test]
fn reports_spans_of_threads_that_have_ended() -> std::io::Result<()> {
    let (transport, arrived) = channelled();
    let (tracer, guard) = BatchReporter::new(transport).batch_delay(NEVER).start(Tracer::builder("shop"))?;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let tracer = tracer.clone();
            std::thread::spawn(move || finish_spans(&tracer, 3))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("the thread only finishes spans"));
    assert_eq!(guard.flush(PATIENCE), Ok(()));
    assert_eq!(arrived.try_iter().map(|(_, names)| names.len()).sum::<usize>(), 12);
    Ok(())
}

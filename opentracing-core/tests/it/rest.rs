//! A draining thread without work sleeps until a span finishes.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime};

use opentracing_core::{Batch, Reporter, Span, Tracer};

/// Longer than the second pause of a thread that rests.
const PAUSE: Duration = Duration::from_secs(2);
/// Shorter than the rest of its third pause.
const SOON: Duration = Duration::from_secs(6);

/// Reports passes and the names of spans.
struct Events {
    ticks: Sender<()>,
    names: Sender<String>,
    max_pause: Duration,
}

impl Reporter for Events {
    fn report(&mut self, batch: Batch<'_>) {
        // The test may already have ended, here and below.
        batch.iter().for_each(|span| self.names.send(span.operation_name().to_owned()).unwrap_or_default());
    }

    fn tick(&mut self) {
        let _ = self.ticks.send(());
    }

    fn max_pause(&self) -> Duration {
        self.max_pause
    }
}

fn start(max_pause: Duration) -> (Tracer, Receiver<()>, Receiver<String>) {
    let ((ticks, ticked), (names, named)) = (channel(), channel());
    let (tracer, drain) = Tracer::builder("shop").build();
    std::thread::spawn(move || drain.run(Events { ticks, names, max_pause }));
    (tracer, ticked, named)
}

fn until_it_rests(ticked: &Receiver<()>) {
    while ticked.recv_timeout(PAUSE).is_ok() {}
}

/// Checks that a span wakes the draining thread. `prepare` runs before the rest, `finish` in it.
#[track_caller]
fn check<T>(name: &str, prepare: impl FnOnce(&Tracer) -> T, finish: impl FnOnce(&Tracer, T)) {
    let (tracer, ticked, named) = start(Duration::MAX);
    let prepared = prepare(&tracer);
    until_it_rests(&ticked);
    let _ = named.try_iter().count();
    finish(&tracer, prepared);
    assert_eq!(named.recv_timeout(SOON).as_deref(), Ok("work"), "{name}");
    // Again, now that the thread is awake.
    tracer.span("more").start().finish();
    assert_eq!(named.recv_timeout(SOON).as_deref(), Ok("more"), "{name}");
}

thread_local! {
    static LAST: RefCell<Option<Span>> = const { RefCell::new(None) };
}

#[test]
fn a_span_ends_the_rest() {
    let finish = |tracer: &Tracer| tracer.span("work").start().finish();
    std::thread::scope(|threads| {
        threads.spawn(|| check("the first span", |_| {}, |tracer, ()| finish(tracer)));
        threads.spawn(|| {
            check("a later span", |tracer| (0..99).for_each(|_| finish(tracer)), |tracer, ()| finish(tracer));
        });
        threads.spawn(|| check("a span that was open", |tracer| tracer.span("work").start(), |_, span| span.finish()));
        threads.spawn(|| {
            let elsewhere =
                |tracer: &Tracer| std::thread::scope(|threads| drop(threads.spawn(|| finish(tracer)).join()));
            check("a span of a new thread", finish, |tracer, ()| elsewhere(tracer));
        });
        threads.spawn(|| {
            let leak = |tracer: &Tracer| LAST.set(Some(tracer.span("work").start()));
            let elsewhere = |tracer: &Tracer| std::thread::scope(|threads| drop(threads.spawn(|| leak(tracer)).join()));
            check("a span in a destructor of a thread", |_| {}, |tracer, ()| elsewhere(tracer));
        });
    });
}

#[test]
fn a_rest_ends_for_the_reporter() {
    let (_tracer, ticked, _named) = start(Duration::from_millis(200));
    for _ in 0..10 {
        assert_eq!(ticked.recv_timeout(SOON), Ok(()));
    }
}

#[test]
fn a_flush_and_the_last_handle_end_the_rest() {
    let ends: [fn(Tracer); 2] = [drop, |tracer| tracer.flush(SOON).unwrap()];
    std::thread::scope(|threads| {
        for end in ends {
            threads.spawn(move || {
                let (tracer, ticked, _named) = start(Duration::MAX);
                until_it_rests(&ticked);
                end(tracer);
                assert_eq!(ticked.recv_timeout(SOON), Ok(()));
            });
        }
    });
}

#[test]
fn open_spans_are_listed_during_a_rest() {
    let (tracer, ticked, _named) = start(Duration::MAX);
    (0..99).for_each(|_| tracer.span("work").start().finish());
    until_it_rests(&ticked);
    let ago = |seconds| SystemTime::now() - Duration::from_secs(seconds);
    let open = [("first", 9), ("second", 8)].map(|(name, age)| tracer.span(name).start_time(ago(age)).start());
    let report = tracer.report();
    let names: Vec<_> = report.open_spans().iter().map(|span| &*span.operation_name).collect();
    assert_eq!(names, ["first", "second"]);
    drop(open);
}

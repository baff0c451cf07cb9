//! A library, set up for a case.

use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

/// Runs a number of operations on the calling thread.
pub(crate) type Burst = Box<dyn Fn(u32) + Send + Sync>;

/// One library, ready to run one case.
pub(crate) struct Subject {
    pub(crate) burst: Burst,
    /// Returns once the sink has received all finished spans.
    pub(crate) flush: Box<dyn Fn() + Send + Sync>,
    pub(crate) received: Received,
    /// The number of lost spans so far, if the library counts them.
    pub(crate) lost: Option<Box<dyn Fn() -> u64 + Send + Sync>>,
}

/// Counts the spans at the sink.
#[derive(Clone, Default, Debug)]
pub(crate) struct Received(Arc<AtomicU64>);

impl Received {
    pub(crate) fn add(&self, spans: usize) {
        self.0.fetch_add(spans as u64, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A loop around an operation, monomorphized for it.
pub(crate) fn repeat(operation: impl Fn() + Send + Sync + 'static) -> Burst {
    Box::new(move |times| {
        for _ in 0..times {
            operation();
        }
    })
}

/// The same with a value that each burst creates once.
pub(crate) fn repeat_with<T>(
    make: impl Fn() -> T + Send + Sync + 'static,
    operation: impl Fn(&mut T) + Send + Sync + 'static,
) -> Burst {
    Box::new(move |times| {
        let mut made = make();
        for _ in 0..times {
            operation(&mut made);
        }
    })
}

/// The text of 40 bytes among the five tags. Static texts are literals at each library, so that it can keep the pointer.
pub(crate) fn owned_text() -> String {
    black_box("https://shop.example/cart/items?page=123").to_owned()
}

/// A number that is opaque to the compiler.
pub(crate) fn number(n: i64) -> i64 {
    black_box(n)
}

/// Ready at this number of polls.
pub(crate) struct Countdown(pub(crate) u32);

impl Future for Countdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0 = black_box(self.0 - 1);
        if self.0 == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Polls to the end without waiting.
pub(crate) fn drive(future: impl Future<Output = ()>) {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    while future.as_mut().poll(&mut context).is_pending() {}
}

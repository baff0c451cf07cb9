//! What the future and the body of an exchange have in common.

use std::task::Poll;

use crate::http_rules::exchange::{Exchange, ExchangeEnd};
use crate::record::record::Stamp;

/// An exchange in flight.
pub(super) struct Guard<X> {
    exchange: Option<X>,
    // Stays true if a poll panicked. The thread need not be panicking any more when the future is dropped.
    polling: bool,
}

impl<X: Exchange> Guard<X> {
    pub(super) const fn new(exchange: Option<X>) -> Self {
        Guard { exchange, polling: false }
    }

    pub(super) const fn exchange(&self) -> Option<&X> {
        self.exchange.as_ref()
    }

    pub(super) const fn exchange_mut(&mut self) -> Option<&mut X> {
        self.exchange.as_mut()
    }

    pub(super) const fn take(&mut self) -> Option<X> {
        self.exchange.take()
    }

    /// Runs the closure with the span active. A panic in it is remembered.
    #[inline]
    pub(super) fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _scope = self.exchange.as_mut().map(|exchange| exchange.span().activate_borrowed());
        self.polling = true;
        let output = f();
        self.polling = false;
        output
    }

    /// The same for a poll. An exchange that is not ready is open for longer.
    #[inline]
    pub(super) fn poll<T>(&mut self, f: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let polled = self.run(f);
        if let (Poll::Pending, Some(exchange)) = (&polled, &mut self.exchange) {
            exchange.span().wait();
        }
        polled
    }

    /// Ends the exchange if it has not ended: for destructors. The closure, which drops what is wrapped, runs inside the span. The span
    /// finishes at the given moment, or now.
    #[inline]
    pub(super) fn abandon(&mut self, end: ExchangeEnd<'_>, at: Option<Stamp>, drop_inner: impl FnOnce()) {
        let Some(mut exchange) = self.exchange.take() else { return };
        {
            let _scope = exchange.span().activate_borrowed();
            drop_inner();
        }
        if self.polling || std::thread::panicking() {
            return exchange.finish(ExchangeEnd::Panicked);
        }
        exchange.finish(end);
        if let Some(at) = at {
            exchange.span().end_at(at);
        }
    }
}

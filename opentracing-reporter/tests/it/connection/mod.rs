//! Endpoints, TLS, and what is said about wrong addresses.

pub(crate) mod addresses;
mod check;
mod endpoints;
mod hints;
mod proxy;
#[cfg(feature = "tls")]
mod tls;
#[cfg(unix)]
mod unix;

use std::time::Duration;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Transport};

use crate::support::transports::{NEVER, finish_spans};

/// The first error of a transport that fails to send a span.
fn first_error(transport: impl Transport) -> Result<String, Box<dyn std::error::Error>> {
    const A_WHILE: Duration = Duration::from_millis(20);
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(transport).batch_delay(NEVER));
    finish_spans(&tracer, 1);
    while tracer.stats().transports.first().is_none_or(|stats| stats.last_error.is_none()) {
        assert!(tracer.flush(A_WHILE).is_err(), "it does not fail");
    }
    let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed")?;
    let _ = tracer.close(Duration::ZERO);
    Ok(error.to_string())
}

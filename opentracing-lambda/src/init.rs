//! The initialization of the process, which ends when the runtime starts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use opentracing_core::{SpanContext, Tracer};

use crate::tags;

/// Shared by the clones of a service, of which one serves the first invocation.
#[derive(Debug)]
pub(crate) struct Init {
    pub(crate) started: SystemTime,
    pub(crate) ended: SystemTime,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`.
    pub(crate) kind: Option<String>,
    pub(crate) is_over: AtomicBool,
}

impl Init {
    /// Whether this call is the first one.
    pub(crate) fn begin(&self) -> bool {
        !self.is_over.swap(true, Ordering::Relaxed)
    }

    /// Whether the process was started for the first invocation, and not ahead of it.
    pub(crate) fn is_on_demand(&self) -> bool {
        !matches!(self.kind.as_deref(), Some("provisioned-concurrency" | "snap-start"))
    }

    /// Records the span of the initialization below the first invocation, so that both are in one trace.
    pub(crate) fn record(&self, tracer: &Tracer, invocation: Option<SpanContext>, function: &str) {
        let mut builder = tracer.span("init");
        builder.child_of(&invocation).start_time(self.started);
        builder.set(opentracing_core::tags::COMPONENT, "lambda_runtime").set(tags::FAAS_NAME, function);
        builder.set(tags::AWS_LAMBDA_INITIALIZATION_TYPE, self.kind.as_deref());
        builder.start().finish_at(self.ended);
    }
}

pub(crate) fn kind_from_env() -> Option<String> {
    std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").ok().filter(|kind| !kind.is_empty())
}

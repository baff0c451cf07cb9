//! The wrapped notification.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use opentracing_core::message_rules::{HandlerOutput, Handling};
use opentracing_core::{Span, SpanKind, Value, tags};
use sqlx::postgres::PgNotification;

use crate::settings::Settings;

/// A notification with a span of kind `consumer`, named `process` and the channel. A notification has no place for a context of its
/// sender, so the span begins a trace of its own.
///
/// [`handle`](Self::handle) runs a future inside the span, so that what it traces belongs to the notification. Otherwise the span finishes
/// when the notification is dropped. Dereferences to [`PgNotification`].
pub struct TracingPgNotification {
    notification: PgNotification,
    settings: Arc<Settings>,
    /// A no-op span once a handler has it.
    span: Mutex<Span>,
}

impl TracingPgNotification {
    pub(super) fn new(settings: &Arc<Settings>, notification: PgNotification) -> Self {
        let Settings { tracer, component, target, .. } = &**settings;
        tracer.warn_if_unregistered();
        let channel = notification.channel();
        let mut builder = tracer.span(format!("process {channel}"));
        // It does not belong to the span of the code that runs the listener.
        builder
            .kind(SpanKind::Consumer)
            .ignore_active_span()
            .tag(tags::COMPONENT, Value::Static(component))
            .set(tags::MESSAGE_BUS_DESTINATION, channel);
        let mut span = builder.start();
        if span.is_recording() {
            let size = i64::try_from(notification.payload().len()).unwrap_or(i64::MAX);
            span.set(tags::MESSAGING_OPERATION_NAME, "process").set(tags::MESSAGING_MESSAGE_BODY_SIZE, size);
            target.set_tags(&mut span);
        }
        TracingPgNotification { notification, settings: settings.clone(), span: Mutex::new(span) }
    }

    /// Runs a future in the span, and finishes the span with it. A returned error marks the span as failed. A second future runs without
    /// a span.
    pub async fn handle<F>(&self, handler: F) -> F::Output
    where
        F: Future<Output: HandlerOutput>,
    {
        let span = std::mem::take(&mut *self.span.lock().unwrap_or_else(PoisonError::into_inner));
        let (output, _) = Handling::new(&self.settings.tracer, span, handler).await;
        output
    }

    /// Returns the span, to write to it. After a handler has run, this is a no-op span.
    pub fn span_mut(&mut self) -> &mut Span {
        self.span.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unwraps the notification. The span finishes.
    pub fn into_inner(self) -> PgNotification {
        self.notification
    }
}

impl Deref for TracingPgNotification {
    type Target = PgNotification;

    fn deref(&self) -> &Self::Target {
        &self.notification
    }
}

impl fmt::Debug for TracingPgNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TracingPgNotification").field(&self.notification).finish()
    }
}

//! What Datadog, Instana and Jaeger keep with a context beside ids and baggage.

pub(crate) mod datadog;
pub(crate) mod instana;
pub(crate) mod jaeger;

//! The fields of Datadog's, Instana's and Jaeger's headers that a context keeps in addition to ids, decision and baggage.

pub(crate) mod datadog;
pub(crate) mod instana;
pub(crate) mod jaeger;

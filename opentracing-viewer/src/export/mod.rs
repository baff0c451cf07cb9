//! Traces as files, and files as traces.

mod jaeger_json;
mod load;
mod otlp_json;

pub(crate) use self::jaeger_json::jaeger_json;
pub(crate) use self::load::load;
pub(crate) use self::otlp_json::otlp_json;

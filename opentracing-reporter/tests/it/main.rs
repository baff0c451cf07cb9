//! Tests of the public API, one module per topic.

#[cfg(all(feature = "jaeger", feature = "otlp", feature = "zipkin"))]
mod backends;
#[cfg(all(feature = "config-file", feature = "resource-detectors"))]
mod config_file;
#[cfg(feature = "otlp")]
mod connection;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "datadog")]
mod datadog;
#[cfg(feature = "env")]
mod env;
#[cfg(feature = "otlp")]
mod export;
#[cfg(feature = "instana")]
mod instana;
#[cfg(feature = "jaeger")]
mod jaeger;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(all(feature = "remote-sampling", feature = "otlp"))]
mod remote_sampling;
mod reporter;
#[cfg(feature = "resource-detectors")]
mod resource;
mod support;
mod tail;
#[cfg(all(unix, feature = "signals"))]
mod terminate;
#[cfg(feature = "network")]
mod terms;
mod types;
#[cfg(feature = "zipkin")]
mod zipkin;

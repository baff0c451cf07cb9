//! The logs of two services, catalog by `tracing` and payment by `log`, on standard error. Each line has the ids of its trace, and each is a
//! log of the active span. In processes of their own, the services would need no filters by target.

use std::io;

use examples::BoxError;
use log::LevelFilter;
use opentracing_core::Tracer;
use opentracing_tracing::{IdLogger, TracerLayer, with_json_ids};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Starts both, once per process. `RUST_LOG` sets the level of payment.
pub(crate) fn start(catalog: &Tracer, payment: &Tracer) -> Result<(), BoxError> {
    let of_catalog = || {
        let targets = Targets::new().with_target("acme_shop::services::catalog", Level::INFO);
        targets.with_target("acme_shop::products", Level::INFO)
    };
    let lines = tracing_subscriber::fmt::layer().json().map_event_format(with_json_ids).with_writer(io::stderr);
    tracing_subscriber::registry()
        .with(TracerLayer::with_tracer(catalog.clone()).with_filter(of_catalog()))
        .with(lines.with_filter(of_catalog()))
        .try_init()?;

    let logger = env_logger::Builder::new().filter_module("acme_shop", LevelFilter::Info).parse_default_env().build();
    let level = logger.filter();
    IdLogger::new(logger).in_message().span_logs(payment.clone(), LevelFilter::Warn).install(level)?;
    Ok(())
}

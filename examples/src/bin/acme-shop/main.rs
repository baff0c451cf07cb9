//! AcmeShop: services on their own ports, and customers whose requests become one trace each.

mod customers;
mod database;
mod failure;
mod html;
mod in_flight;
mod ledger;
mod logging;
mod metrics;
mod model;
mod options;
mod parcels;
mod products;
mod scenarios;
mod servers;
mod services;
mod shop;
mod summary;
mod topic;
mod trace_check;
mod tracers;
mod upstream;
mod users;
mod view;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use examples::{BoxError, REPORT_HELP, interruption, say};

use crate::customers::CustomerResults;
use crate::options::{HELP, Options};
use crate::shop::Shop;
use crate::summary::Summary;
use crate::tracers::Tracers;
use crate::view::View;

/// Longer than a backend on this host takes to answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    examples::run(&[HELP, REPORT_HELP].join("\n"), Options::parse, run)
}

async fn run(options: Options) -> Result<ExitCode, BoxError> {
    let interrupted = tokio::spawn(interruption()?);
    let mut report = options.report;
    let view = if options.view { Some(View::open(&mut report)?) } else { None };
    let mut tracers = Tracers::new(report, view.as_ref().map(View::handle), options.tail);
    let is_back_end = options.back_end.is_some();
    let front_end = SocketAddr::new(options.host, options.port.map_or(0, |port| port.get()));
    if let Some(view) = &view {
        say(format_args!("viewer  {}", view.url()));
    }
    let shop = Shop::open(&mut tracers, front_end, options.back_end, &options.servers).await?;
    for (name, address) in &shop.services {
        say(format_args!("{name:<10} listening on http://{address}"));
    }
    let metrics = match options.metrics_port {
        Some(port) => {
            let (address, server) =
                metrics::serve(SocketAddr::new(options.host, port), tracers.metrics.clone()).await?;
            say(format_args!("{:<10} listening on http://{address}", "metrics"));
            Some(server)
        }
        None => None,
    };
    say(&shop.shipping_note);
    let report = tracers.report.clone();
    for result in tokio::task::spawn_blocking(move || report.check(CHECK_TIMEOUT)).await?? {
        say(result);
    }
    say("");

    let results = match &shop.front_end {
        Some(front_end) => customers::send(options.requests, front_end, &mut tracers, &interrupted).await?,
        None => CustomerResults::default(),
    };
    if let Some(view) = view.as_ref().filter(|_| !options.serve) {
        say(format_args!("open {} in a browser; press Ctrl-C to stop", view.url()));
        view::interruption_or_end_of_input(interrupted).await?;
        tracers.flush_on_terminate()?;
    } else if options.serve {
        match &shop.front_end {
            Some(front_end) => say(format_args!("open {front_end} in a browser; press Ctrl-C to stop")),
            None => say("press Ctrl-C to stop"),
        }
        interrupted.await?;
        // The first signal stops the shop, a second one does not wait for that.
        tracers.flush_on_terminate()?;
    }

    shop.close().await;
    if let Some(metrics) = metrics {
        metrics.stop().await;
    }
    let trace_check = tracers.trace_check.clone();
    let span_report = tokio::task::spawn_blocking(|| tracers.close()).await?;
    let summary = Summary { counts: trace_check.counts(), results, span_report, is_back_end };
    let is_success = summary.is_success();
    say(summary);
    Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

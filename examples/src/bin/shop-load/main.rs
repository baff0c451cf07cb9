//! Load for the shop: mixed traffic over sockets. Each request must have exactly one entry span, and the shop's memory and file
//! descriptors must not grow.

mod collector;
mod options;
mod process;
mod traffic;
mod verdict;

use std::process::ExitCode;
use std::sync::Arc;

use examples::{BoxError, say};

use crate::collector::Collector;
use crate::options::{HELP, Options};
use crate::process::Shop;
use crate::traffic::Traffic;
use crate::verdict::Verdict;

fn main() -> ExitCode {
    examples::run(HELP, Options::parse, run)
}

async fn run(options: Options) -> Result<ExitCode, BoxError> {
    let collector = Collector::start().await?;
    let mut shop = Shop::open(&collector.url()).await?;
    let traffic = Arc::new(Traffic::new(shop.front_end));

    // Fills pools, caches and queues.
    let warm_up = traffic.send(options.workers, options.amount.warm_up()).await?;
    let before = shop.footprint().await?;
    say(format_args!("after {warm_up} requests: {before}"));
    let total = traffic.send(options.workers, options.amount).await?;
    let after = shop.footprint().await?;
    say(format_args!("after {total} requests: {after}"));

    let lost = shop.close().await?;
    let (sent, failed, entries) = (traffic.sent(), traffic.failed(), collector.entries());
    let verdict = Verdict { sent, failed, entries, before, after, lost };
    let is_success = verdict.is_success();
    say(verdict);
    Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

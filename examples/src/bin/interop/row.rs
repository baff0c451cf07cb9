//! All chains of one peer with one format.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use examples::BoxError;
use reqwest::Client;

use crate::chain::{Chain, Hop, Start};
use crate::check::{Aspect, Complaint, check};
use crate::list::Row;
use crate::options::Options;
use crate::program::Program;
use crate::server::Sink;

/// Each chain has its own trace.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Runs the chains, and returns what was wrong with each.
pub(crate) async fn run(row: &Row, options: &Options, sink: &Sink) -> Result<Vec<(Chain, Vec<Complaint>)>, BoxError> {
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build()?;
    let logs = options.installed.join("logs");
    std::fs::create_dir_all(&logs)?;
    let log = |name: &str| logs.join(format!("{} {} {name}.log", row.peer, row.format));
    let start = options.installed.join(&row.peer).join("run");
    let peer = Program::start(&start, &[&row.format], &log("peer")).await?;
    let relay = relay_of(row, options, sink, "128", &log("relay")).await?;
    let relay64 = relay_of(row, options, sink, "64", &log("relay-64")).await?;

    let mut passed = Vec::new();
    for chain in Chain::all(row.headers) {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let address = |hop| match hop {
            Hop::Peer => peer.url.clone(),
            Hop::Rust if chain.start == Start::Root64 => relay64.url.clone(),
            Hop::Rust => relay.url.clone(),
        };
        let passages = chain.send(&client, row.headers, number, &sink.url, address).await;
        passed.push((chain, passages));
    }

    // The relay sends its last spans before it ends.
    relay.stop().await?;
    relay64.stop().await?;
    drop(peer);
    let reported = sink.take();
    let checked = passed.into_iter().map(|(chain, passages)| {
        let complaints = match passages {
            Ok(passages) => check(row, chain.start, &passages, &reported),
            Err(error) => vec![Complaint::new(Hop::Peer, Aspect::Response, error.to_string())],
        };
        (chain, complaints)
    });
    Ok(checked.collect())
}

async fn relay_of(row: &Row, options: &Options, sink: &Sink, bits: &str, log: &Path) -> Result<Program, BoxError> {
    let report = format!("zipkin={}", sink.url);
    let mut arguments = vec!["--listen", "127.0.0.1:0", "--trace-id-bits", bits, "--report", &report];
    if let Some(formats) = &row.relay {
        arguments.extend(["--propagators", formats]);
    }
    Program::start(&options.relay, &arguments, log).await
}

//! Runs other HTTP tracing adapters next to ours, and prints the page that compares them.

mod clients;
mod fast;
mod otel;
mod oxtel;
mod servers;

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use axum::Router;
use opentracing_bench::http::{
    ClientPeer, Column, OurClient, OurMiddleware, OurServer, ServerPeer, judge_client, judge_server, page,
};
use tracing::instrument::WithSubscriber;

use crate::clients::{FastReqwest, ReqwestTracing, TowerOtel};
use crate::fast::Fast;
use crate::otel::{newest, previous};
use crate::oxtel::{Oxtel, OxtelClient, OxtelServer};
use crate::servers::{FastAxum, Otel};

type Wrap = fn(Router) -> Router;

/// The duration of requests whose span must last.
const GAP: Duration = Duration::from_millis(100);

/// Single-threaded, because the subscriber is set for one thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (newest, previous, fast) = (newest::Collected::new(), previous::Collected::new(), Fast::new());
    let client = reqwest::Client::builder().no_proxy().build()?;

    let mut servers = vec![server("opentracing-tower", &OurServer::new()).await?];
    let otel: [(&str, &str, Wrap); 5] = [
        ("tower-http", "", servers::tower_http),
        ("tower-http", ", with `OnEarlyDropLayer`", servers::tower_http_with_early_drops),
        ("axum-tracing-opentelemetry", "", servers::axum_tracing_opentelemetry),
        ("opentelemetry-instrumentation-tower", "", servers::opentelemetry_instrumentation_tower),
        ("tower-otel", "", servers::tower_otel),
    ];
    for (name, how, wrap) in otel {
        let peer = Otel { collected: newest.clone(), wrap };
        // Spawned connections also run on this thread.
        let _subscribed = tracing::dispatcher::set_default(&newest.dispatch);
        servers.push(server(&(versioned(name)? + how), &peer).await?);
    }
    let oxtel = Oxtel::new();
    {
        let _subscribed = tracing::dispatcher::set_default(&oxtel.dispatch);
        servers.push(server(&versioned("oxtel-tower")?, &OxtelServer(&oxtel)).await?);
    }
    servers.push(server(&versioned("fastrace-axum")?, &FastAxum(fast.clone())).await?);

    let clients = vec![
        judged("opentracing-reqwest, client", &OurClient::new()?).await?,
        judged("opentracing-reqwest, middleware", &OurMiddleware::new()?).await?,
        judged(&versioned("reqwest-tracing")?, &ReqwestTracing { collected: previous, client: client.clone() }).await?,
        {
            let collected = newest.clone();
            let peer = TowerOtel { collected: newest.clone(), client: client.clone() };
            judged(&versioned("tower-otel")?, &peer).with_subscriber(collected.dispatch).await?
        },
        judged(&versioned("oxtel-tower")?, &OxtelClient { oxtel: &oxtel, client: client.clone() })
            .with_subscriber(oxtel.dispatch.clone())
            .await?,
        judged(&versioned("fastrace-reqwest")?, &FastReqwest { fast, client }).await?,
    ];
    std::io::stdout().write_all(page(&servers, &clients).as_bytes())?;
    Ok(())
}

async fn server(name: &str, peer: &dyn ServerPeer) -> Result<Column, Box<dyn Error>> {
    Ok(Column { name: name.to_owned(), verdicts: judge_server(peer, GAP).await? })
}

async fn judged(name: &str, peer: &dyn ClientPeer) -> Result<Column, Box<dyn Error>> {
    Ok(Column { name: name.to_owned(), verdicts: judge_client(peer, GAP).await? })
}

/// The name of the adapter with its version, the newest if there are several.
fn versioned(name: &str) -> Result<String, Box<dyn Error>> {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.rsplit_once(&entry).ok_or_else(|| format!("{name} is not in Cargo.lock"))?;
    Ok(format!("{name} {}", rest.split('"').next().unwrap_or_default()))
}

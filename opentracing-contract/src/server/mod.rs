//! The contract of servers.

mod body;
mod case;
mod connections;
mod context;
mod description;
mod failures;
mod lifetime;
mod settings;
mod site;
mod visitor;

use std::sync::Arc;

use tokio::net::TcpListener;

pub use crate::server::body::{BrokenBody, SiteBody};
use crate::server::case::Case;
pub use crate::server::site::{Site, Variant};
pub use crate::server::visitor::Protocol;
use crate::suite::{Check, Report};

/// A traced HTTP server.
pub trait ServerAdapter: Send + Sync + 'static {
    /// The features of the adapter. Checks that need others are skipped. Start with [`ServerFeature::ALL`].
    fn features(&self) -> &[ServerFeature];

    /// Serves the site with [its tracer](Site::tracer) and the settings of [its variant](Site::variant). Runs until it is dropped. A panic
    /// in a handler must not end it: spawn a task for each connection.
    fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static;
}

/// An optional feature of an adapter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ServerFeature {
    /// Speaks HTTP/1.
    Http1,
    /// Speaks HTTP/2 without TLS.
    Http2,
    /// Has a router, whose templates become operation names and `http.route`.
    Routes,
    /// Knows the remote address of a connection.
    PeerAddress,
    /// [`Variant::Skips`].
    Skips,
    /// [`Variant::PublicEdge`].
    PublicEdge,
    /// [`Variant::Decorated`].
    Decorated,
    /// [`Variant::CatchesPanics`].
    CatchesPanics,
    /// [`Variant::TrustsProxies`].
    TrustsProxies,
    /// [`Variant::Https`].
    Https,
    /// [`Variant::Layered`].
    Layered,
    /// [`Variant::AnswersOutside`].
    AnswersOutside,
    /// Upgrades connections, as `hyper` does.
    Upgrades,
    /// Responses to sampled requests have `Server-Timing: intid;desc=…` if the tracer reports to Instana and writes Instana's headers.
    ServerTiming,
}

impl ServerFeature {
    /// All features.
    pub const ALL: &[ServerFeature] = &[
        ServerFeature::Http1,
        ServerFeature::Http2,
        ServerFeature::Routes,
        ServerFeature::PeerAddress,
        ServerFeature::Skips,
        ServerFeature::PublicEdge,
        ServerFeature::Decorated,
        ServerFeature::CatchesPanics,
        ServerFeature::TrustsProxies,
        ServerFeature::Https,
        ServerFeature::Layered,
        ServerFeature::AnswersOutside,
        ServerFeature::Upgrades,
        ServerFeature::ServerTiming,
    ];
}

/// Runs all checks, each with a server and a tracer of its own, over each version of HTTP that the adapter speaks.
/// Needs a tokio runtime with time and I/O. The [crate's page](crate) has an example.
pub async fn check_server(adapter: impl ServerAdapter) -> Report {
    let adapter = Arc::new(adapter);
    let features = adapter.features();
    let mut report = Report::default();
    for (protocol, feature) in [(Protocol::Http1, ServerFeature::Http1), (Protocol::Http2, ServerFeature::Http2)] {
        if !features.contains(&feature) {
            continue;
        }
        for Check { name, needs, run } in all() {
            // Some checks are about one version.
            if needs.iter().any(|need| [ServerFeature::Http1, ServerFeature::Http2].contains(need) && *need != feature)
            {
                continue;
            }
            let name = format!("{}: {name}", protocol.name());
            if needs.iter().all(|need| features.contains(need)) {
                let serve = adapter.clone();
                let case = Case::new(protocol, features, move |listener, site| Box::pin(serve.serve(listener, site)));
                report.run(name, run(&case)).await;
            } else {
                report.skipped.push(name);
            }
        }
    }
    report
}

/// The names of all checks, in the order in which they run.
pub fn server_checks() -> impl Iterator<Item = &'static str> {
    all().map(|check| check.name)
}

fn all() -> impl Iterator<Item = &'static Check<Case, ServerFeature>> {
    [context::CHECKS, description::CHECKS, failures::CHECKS, lifetime::CHECKS, connections::CHECKS, settings::CHECKS]
        .into_iter()
        .flatten()
}

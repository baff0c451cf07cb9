//! The contract of those who serve.

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

/// A way to serve HTTP with traces.
pub trait ServerAdapter: Send + Sync + 'static {
    /// What the adapter has. Checks that ask for more are left out; a new adapter begins with [`ServerFeature::ALL`].
    fn features(&self) -> &[ServerFeature];

    /// Serves the site, traced by [its tracer](Site::tracer) and set up as [its variant](Site::variant) says, to all who connect. Runs
    /// until it is dropped. A panic in a handler must not end it: connections belong into tasks of their own.
    fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static;
}

/// Something that an adapter may lack for good reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ServerFeature {
    /// Speaks HTTP/1.
    Http1,
    /// Speaks HTTP/2 without TLS.
    Http2,
    /// Has a router, whose templates become names and `http.route`.
    Routes,
    /// Knows the address of the other side.
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
    /// Hands connections over, as `hyper` does.
    Upgrades,
    /// Answers to sampled requests have `Server-Timing: intid;desc=…` where the tracer writes Instana's headers.
    ServerTiming,
}

impl ServerFeature {
    /// All of them.
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
        ServerFeature::Upgrades,
        ServerFeature::ServerTiming,
    ];
}

/// Runs every check of the contract, each on a server and a tracer of its own, over each version of HTTP that the adapter speaks.
/// Needs a tokio runtime with time and I/O.
pub async fn check_server(adapter: impl ServerAdapter) -> Report {
    let adapter = Arc::new(adapter);
    let features = adapter.features();
    let mut report = Report::default();
    for (protocol, feature) in [(Protocol::Http1, ServerFeature::Http1), (Protocol::Http2, ServerFeature::Http2)] {
        if !features.contains(&feature) {
            continue;
        }
        for Check { name, needs, run } in all() {
            // Some are about one version.
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
                report.left_out.push(name);
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

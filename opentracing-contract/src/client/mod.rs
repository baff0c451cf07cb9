//! The contract of those who call.

mod case;
mod context;
mod description;
mod failures;
mod http2;
mod lifetime;
mod redirects;
mod sender;
mod settings;
mod target;

use std::sync::Arc;

use opentracing_core::Tracer;

use crate::client::case::Case;
pub use crate::client::sender::{Answer, AnswerBody, BoxError, Outgoing, Sender};
use crate::server::Protocol;
use crate::suite::{Check, Report};

/// A way to call over HTTP with traces.
pub trait ClientAdapter: Send + Sync + 'static {
    /// What the adapter has. Checks that ask for more are left out; a new adapter begins with [`ClientFeature::ALL`].
    fn features(&self) -> &[ClientFeature];

    /// Makes a client, traced by the setup's tracer. It goes through no proxy, repeats nothing by itself, and follows redirects only
    /// if the adapter [says so](ClientFeature::Redirects).
    fn client(&self, setup: &ClientSetup) -> Sender;
}

/// What is asked of a client.
#[derive(Clone, Debug)]
pub struct ClientSetup {
    tracer: Tracer,
    variant: ClientVariant,
    protocol: Protocol,
}

/// What is asked of the adapter beside its defaults, for one check.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ClientVariant {
    /// Nothing.
    Plain,
    /// All requests go to the service of that name.
    PeerService(&'static str),
    /// Only hosts that fit this [list](opentracing_core::http_rules::HostAllowList) get trace headers and baggage.
    PropagatesTo(&'static str),
    /// 4xx are errors, too.
    ClientErrors,
    /// A hook at the request sets the operation name `decorated` and the tag `decorated.path` to the path; one at the answer sets
    /// the tag `decorated.status` to the status.
    Decorated,
}

impl ClientSetup {
    pub(crate) fn new(tracer: Tracer, variant: ClientVariant, protocol: Protocol) -> Self {
        ClientSetup { tracer, variant, protocol }
    }

    /// The tracer to trace with.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// What is asked of the adapter beside its defaults.
    pub fn variant(&self) -> ClientVariant {
        self.variant
    }

    /// The version of HTTP; of HTTP/2 the client knows beforehand.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }
}

/// Something that an adapter may lack for good reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ClientFeature {
    /// Speaks HTTP/2 without TLS.
    Http2,
    /// A span starts when the closure of the [`Sender`] is called, rather than when its future is polled.
    StartsAtCall,
    /// [`Outgoing::operation_name`].
    OperationNames,
    /// [`Outgoing::peer_service`] and [`ClientVariant::PeerService`].
    PeerServices,
    /// [`Outgoing::resend_count`].
    ResendCounts,
    /// [`Outgoing::is_propagated`].
    OptOut,
    /// [`ClientVariant::PropagatesTo`].
    HostAllowList,
    /// [`ClientVariant::ClientErrors`].
    ClientErrors,
    /// [`ClientVariant::Decorated`].
    Decorated,
    /// Hands back the answer to an upgrade, rather than to refuse it.
    Upgrades,
    /// Follows redirects.
    Redirects,
    /// Counts the redirects that it has followed, and takes trace headers and baggage out of requests to other hosts.
    RedirectsWithCare,
}

impl ClientFeature {
    /// All of them.
    pub const ALL: &[ClientFeature] = &[
        ClientFeature::Http2,
        ClientFeature::StartsAtCall,
        ClientFeature::OperationNames,
        ClientFeature::PeerServices,
        ClientFeature::ResendCounts,
        ClientFeature::OptOut,
        ClientFeature::HostAllowList,
        ClientFeature::ClientErrors,
        ClientFeature::Decorated,
        ClientFeature::Upgrades,
        ClientFeature::Redirects,
        ClientFeature::RedirectsWithCare,
    ];
}

/// Runs every check of the contract, each with a client and a tracer of its own. Needs a tokio runtime with time and I/O.
pub async fn check_client(adapter: impl ClientAdapter) -> Report {
    let adapter = Arc::new(adapter);
    let mut report = Report::default();
    for Check { name, needs, run } in all() {
        if needs.iter().all(|need| adapter.features().contains(need)) {
            let maker = adapter.clone();
            let case = Case::new(move |setup| maker.client(setup));
            report.run((*name).to_owned(), run(&case)).await;
        } else {
            report.left_out.push((*name).to_owned());
        }
    }
    report
}

/// The names of all checks, in the order in which they run.
pub fn client_checks() -> impl Iterator<Item = &'static str> {
    all().map(|check| check.name)
}

fn all() -> impl Iterator<Item = &'static Check<Case, ClientFeature>> {
    [
        context::CHECKS,
        description::CHECKS,
        failures::CHECKS,
        lifetime::CHECKS,
        redirects::CHECKS,
        settings::CHECKS,
        http2::CHECKS,
    ]
    .into_iter()
    .flatten()
}

//! The contract of clients.

mod case;
mod context;
mod description;
mod failure_kinds;
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

/// A traced HTTP client.
pub trait ClientAdapter: Send + Sync + 'static {
    /// The features of the adapter. Checks that need others are skipped. Start with [`ClientFeature::ALL`].
    fn features(&self) -> &[ClientFeature];

    /// Makes a client with the tracer and the settings of the setup. It uses no proxy, does not retry, and follows redirects only if the
    /// adapter [declares that](ClientFeature::Redirects).
    fn client(&self, setup: &ClientSetup) -> Sender;
}

/// How a check needs the client.
#[derive(Clone, Debug)]
pub struct ClientSetup {
    tracer: Tracer,
    variant: ClientVariant,
    protocol: Protocol,
}

/// The settings that a check needs in addition to the defaults of the adapter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ClientVariant {
    /// The defaults.
    Plain,
    /// All requests go to the service with that name.
    PeerService(&'static str),
    /// Only hosts that match this [list](opentracing_core::http_rules::HostAllowList) get trace headers and baggage.
    PropagatesTo(&'static str),
    /// 4xx are errors as well.
    ClientErrors,
    /// A hook for requests sets the operation name `decorated` and the tag `decorated.path` to the path. A hook for responses sets the tag
    /// `decorated.status` to the status.
    Decorated,
}

impl ClientSetup {
    pub(crate) fn new(tracer: Tracer, variant: ClientVariant, protocol: Protocol) -> Self {
        ClientSetup { tracer, variant, protocol }
    }

    /// The tracer of the check.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// The settings that the check needs.
    pub fn variant(&self) -> ClientVariant {
        self.variant
    }

    /// The version of HTTP. HTTP/2 is used by prior knowledge.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }
}

/// An optional feature of an adapter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ClientFeature {
    /// Speaks HTTP/2 without TLS.
    Http2,
    /// The span starts when the closure of the [`Sender`] is called, not when its future is polled.
    StartsAtCall,
    /// [`Outgoing::operation_name`].
    OperationNames,
    /// [`Outgoing::peer_service`] and [`ClientVariant::PeerService`].
    PeerServices,
    /// [`Outgoing::resend_count`].
    ResendCounts,
    /// [`Outgoing::caller`].
    Callers,
    /// [`Outgoing::is_propagated`].
    OptOut,
    /// [`ClientVariant::PropagatesTo`].
    HostAllowList,
    /// [`ClientVariant::ClientErrors`].
    ClientErrors,
    /// [`ClientVariant::Decorated`].
    Decorated,
    /// Returns the response to an upgrade instead of refusing it.
    Upgrades,
    /// Says in `error.kind` why there is no response: `connect`, `closed`, `reset`, `protocol`, `refused_stream`, `goaway`.
    FailureKinds,
    /// Follows redirects.
    Redirects,
    /// Counts the redirects that it follows, and removes trace headers and baggage from requests to other hosts.
    RedirectsWithCare,
}

impl ClientFeature {
    /// All features.
    pub const ALL: &[ClientFeature] = &[
        ClientFeature::Http2,
        ClientFeature::StartsAtCall,
        ClientFeature::OperationNames,
        ClientFeature::PeerServices,
        ClientFeature::ResendCounts,
        ClientFeature::Callers,
        ClientFeature::OptOut,
        ClientFeature::HostAllowList,
        ClientFeature::ClientErrors,
        ClientFeature::Decorated,
        ClientFeature::Upgrades,
        ClientFeature::FailureKinds,
        ClientFeature::Redirects,
        ClientFeature::RedirectsWithCare,
    ];
}

/// Runs all checks, each with a client and a tracer of its own. Needs a tokio runtime with time and I/O. The [crate's page](crate) has an
/// example.
pub async fn check_client(adapter: impl ClientAdapter) -> Report {
    let adapter = Arc::new(adapter);
    let mut report = Report::default();
    for Check { name, needs, run } in all() {
        if needs.iter().all(|need| adapter.features().contains(need)) {
            let maker = adapter.clone();
            let case = Case::new(move |setup| maker.client(setup));
            report.run((*name).to_owned(), run(&case)).await;
        } else {
            report.skipped.push((*name).to_owned());
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
        failure_kinds::CHECKS,
        lifetime::CHECKS,
        redirects::CHECKS,
        settings::CHECKS,
        http2::CHECKS,
    ]
    .into_iter()
    .flatten()
}

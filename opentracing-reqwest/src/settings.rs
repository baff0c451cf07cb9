//! What a client, a middleware and a request that is traced by itself have in common.

use std::fmt;
use std::sync::Arc;

use opentracing_core::Tracer;
use opentracing_core::http_rules::{ErrorStatuses, HostAllowList, PeerServices};

use crate::decorator::SpanDecorator;

#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) peer_services: PeerServices,
    pub(crate) propagate_to: HostAllowList,
    pub(crate) errors: ErrorStatuses,
    pub(crate) decorators: Vec<Arc<dyn SpanDecorator>>,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Self {
        Settings { tracer, ..Settings::default() }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("peer_services", &self.peer_services)
            .field("propagate_to", &self.propagate_to)
            .field("error_statuses", &self.errors)
            .finish_non_exhaustive()
    }
}

/// The setters of whatever has `settings: Arc<Settings>`.
macro_rules! setters {
    () => {
        /// Names the service that all requests go to, in the tag `peer.service`. None by default: then the name is looked up in
        /// [`peer_services`](Self::peer_services), and at last it is the host's, unless that is an IP address or `localhost`.
        pub fn peer_service(mut self, name: &str) -> Self {
            let settings = Arc::make_mut(&mut self.settings);
            settings.peer_services = std::mem::take(&mut settings.peer_services).with_name(name);
            self
        }

        /// Names services by the host that a request goes to. Empty by default. Replaces
        /// [`peer_service`](Self::peer_service).
        pub fn peer_services(mut self, services: PeerServices) -> Self {
            Arc::make_mut(&mut self.settings).peer_services = services;
            self
        }

        /// The hosts that get trace headers and baggage. All by default. On the way to others, such headers are taken out of the
        /// request: they were copied from another one.
        pub fn propagate_to(mut self, hosts: HostAllowList) -> Self {
            Arc::make_mut(&mut self.settings).propagate_to = hosts;
            self
        }

        /// The statuses that make a span fail. 500 and above by default.
        pub fn error_statuses(mut self, statuses: ErrorStatuses) -> Self {
            Arc::make_mut(&mut self.settings).errors = statuses;
            self
        }

        /// Adds a decorator, behind those that were added before. None by default.
        pub fn decorator(mut self, decorator: impl SpanDecorator) -> Self {
            Arc::make_mut(&mut self.settings).decorators.push(Arc::new(decorator));
            self
        }
    };
}

pub(crate) use setters;

//! The settings that clients, middleware and single requests have.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::Tracer;
use opentracing_core::http_rules::{ErrorStatuses, HostAllowList, PeerServices, Predicates};
use reqwest::{Request, Response};

use crate::decorator::Decorators;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) component: &'static str,
    pub(crate) skip: Predicates<Request>,
    pub(crate) known_methods: Vec<&'static str>,
    pub(crate) peer_services: PeerServices,
    pub(crate) propagate_to: HostAllowList,
    pub(crate) errors: ErrorStatuses,
    pub(crate) ends_at_head: Predicates<Response>,
    pub(crate) progress_logs: Option<Duration>,
    pub(crate) records_sizes: bool,
    pub(crate) decorators: Decorators,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Arc<Self> {
        Arc::new(Settings {
            tracer,
            component: "reqwest",
            skip: Predicates::default(),
            known_methods: Vec::new(),
            peer_services: PeerServices::new(),
            propagate_to: HostAllowList::all(),
            errors: ErrorStatuses::default(),
            ends_at_head: Predicates::default(),
            progress_logs: None,
            records_sizes: false,
            decorators: Decorators::default(),
        })
    }
}

/// The setters of a type with the field `settings: Arc<Settings>`.
macro_rules! setters {
    () => {
        /// Does not record the requests for which the closure returns true, and sends the called service the same decision. Request
        /// figures ([`RedFigures`](opentracing_core::RedFigures)) count these requests all the same. No requests by default. If several
        /// closures are added, one that returns true is enough. A request that should have no trace headers at all is [untraced](crate::RequestOptions::untraced).
        pub fn skip(mut self, skip: impl Fn(&reqwest::Request) -> bool + Send + Sync + 'static) -> Self {
            Arc::make_mut(&mut self.settings).skip.add(skip);
            self
        }

        /// Sets the tag `peer.service` of all requests, for a client of one service. By default the name is looked up in
        /// [`peer_services`](Self::peer_services), then derived from the host, unless that is an IP address or `localhost`.
        pub fn peer_service(mut self, name: &str) -> Self {
            let settings = Arc::make_mut(&mut self.settings);
            settings.peer_services = std::mem::take(&mut settings.peer_services).with_name(name);
            self
        }

        /// Sets the tag `peer.service` by host. Empty by default. Replaces [`peer_service`](Self::peer_service).
        pub fn peer_services(mut self, services: opentracing_core::http_rules::PeerServices) -> Self {
            Arc::make_mut(&mut self.settings).peer_services = services;
            self
        }

        /// Which hosts get trace headers and baggage. All by default. Requests to other hosts lose the trace headers that they have,
        /// which were copied from another request.
        pub fn propagate_to(mut self, hosts: opentracing_core::http_rules::HostAllowList) -> Self {
            Arc::make_mut(&mut self.settings).propagate_to = hosts;
            self
        }

        /// Which statuses are errors. The default is
        /// [`ErrorStatuses::ServerErrors`](opentracing_core::http_rules::ErrorStatuses::ServerErrors).
        pub fn error_statuses(mut self, statuses: opentracing_core::http_rules::ErrorStatuses) -> Self {
            Arc::make_mut(&mut self.settings).errors = statuses;
            self
        }

        /// Adds a known method to [those of the registry](opentracing_core::http_rules::known_method), `PURGE` for example. Other
        /// methods become `_OTHER`.
        pub fn known_method(mut self, method: &'static str) -> Self {
            Arc::make_mut(&mut self.settings).known_methods.push(method);
            self
        }

        /// Ends a span with the head of the response, not with its body, where the closure returns true: for streams that last for hours.
        /// Such a span records neither what the body does nor how it ends. No responses by default. If several closures are added, one
        /// that returns true is enough.
        pub fn end_at_head(mut self, ends: impl Fn(&reqwest::Response) -> bool + Send + Sync + 'static) -> Self {
            Arc::make_mut(&mut self.settings).ends_at_head.add(ends);
            self
        }

        /// Writes a log `event=progress` with the bytes so far, `http.response.body.size`, once in each interval while a response body
        /// streams. After each 8 logs the interval doubles, so that a span has room for the logs of weeks. Off by default. Reads the
        /// clock with each frame.
        pub fn progress_logs(mut self, interval: std::time::Duration) -> Self {
            Arc::make_mut(&mut self.settings).progress_logs = Some(interval);
            self
        }

        /// Sets the tags `http.request.body.size`, if the size of the request's body is known before it is sent, and
        /// `http.response.body.size`, to the bytes that were read, after decompression. Off by default.
        pub fn body_sizes(mut self) -> Self {
            Arc::make_mut(&mut self.settings).records_sizes = true;
            self
        }

        /// Sets the tag `component`. The default is `reqwest`.
        pub fn component(mut self, component: &'static str) -> Self {
            Arc::make_mut(&mut self.settings).component = component;
            self
        }

        /// Adds a decorator. Decorators run in the order in which they were added. None by default.
        pub fn decorator(mut self, decorator: impl crate::ReqwestDecorator) -> Self {
            Arc::make_mut(&mut self.settings).decorators.add(decorator);
            self
        }
    };
}

pub(crate) use setters;

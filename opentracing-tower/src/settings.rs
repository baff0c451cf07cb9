//! The settings that both layers have.

use std::time::Duration;

use http::response;
use opentracing_core::Tracer;
use opentracing_core::http_rules::Predicates;

use crate::decorator::StandardDecorator;
use crate::hooks::Hooks;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) known_methods: Vec<&'static str>,
    pub(crate) ends_at_head: Predicates<response::Parts>,
    pub(crate) progress_logs: Option<Duration>,
    pub(crate) records_sizes: bool,
    pub(crate) hooks: Hooks,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer, standard: StandardDecorator) -> Self {
        Settings {
            tracer,
            known_methods: Vec::new(),
            ends_at_head: Predicates::default(),
            progress_logs: None,
            records_sizes: false,
            hooks: Hooks { standard, further: Vec::new() },
        }
    }
}

/// The setters of a layer whose configuration has [`Settings`].
macro_rules! setters {
    () => {
        /// Which statuses are errors. The default is [`ErrorStatuses::ServerErrors`](opentracing_core::http_rules::ErrorStatuses::ServerErrors).
        pub fn error_statuses(mut self, statuses: opentracing_core::http_rules::ErrorStatuses) -> Self {
            let hooks = &mut self.config_mut().settings.hooks;
            hooks.standard = hooks.standard.error_statuses(statuses);
            self
        }

        /// Adds a known method to [those of the registry](opentracing_core::http_rules::known_method), `PURGE` for example. Other
        /// methods become `_OTHER`, so that clients cannot create unbounded span names.
        pub fn known_method(mut self, method: &'static str) -> Self {
            self.config_mut().settings.known_methods.push(method);
            self
        }

        /// Ends a span with the head of the response, not with its body, where the closure returns true: for streams that last for hours.
        /// Such a span records neither what the body does nor how it ends. No responses by default. If several closures are added, one
        /// that returns true is enough.
        pub fn end_at_head(mut self, ends: impl Fn(&http::response::Parts) -> bool + Send + Sync + 'static) -> Self {
            self.config_mut().settings.ends_at_head.add(ends);
            self
        }

        /// Writes a log `event=progress` with the bytes so far, `http.response.body.size`, once in each interval while a response body
        /// streams. After each 8 logs the interval doubles, so that a span has room for the logs of weeks. Off by default. Reads the
        /// clock with each frame.
        pub fn progress_logs(mut self, interval: std::time::Duration) -> Self {
            self.config_mut().settings.progress_logs = Some(interval);
            self
        }

        /// Adds a decorator. Decorators run in the order in which they were added, after the
        /// [standard one](crate::StandardDecorator).
        pub fn decorator(mut self, decorator: impl crate::HttpDecorator) -> Self {
            self.config_mut().settings.hooks.further.push(std::sync::Arc::new(decorator));
            self
        }
    };
}

pub(crate) use setters;

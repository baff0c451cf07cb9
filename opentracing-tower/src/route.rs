//! What axum knows about a request: the template of its route, the URI with the prefix of nested routers, and the peer.

#[cfg(feature = "axum")]
pub(crate) use self::axum::{Progress, original_uri, pass_on, peer_address, template};
#[cfg(not(feature = "axum"))]
pub(crate) use self::plain::{Progress, original_uri, pass_on, peer_address, template};

#[cfg(feature = "axum")]
mod axum {
    use std::net::SocketAddr;
    use std::sync::{Arc, OnceLock};

    use axum::extract::{ConnectInfo, MatchedPath, OriginalUri};
    use http::{Extensions, Uri, request};
    use opentracing_core::Span;

    use crate::nested_route;

    /// In which [`MatchedPathLayer`](crate::MatchedPathLayer) leaves the template for a layer outside of the router.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Cell(Arc<OnceLock<MatchedPath>>);

    pub(crate) enum Progress {
        Known,
        /// The router inside may leave a template; otherwise it is that of a nested service.
        Awaited(Cell, Option<String>),
        Unknown,
    }

    pub(crate) fn template(extensions: &Extensions) -> Option<&str> {
        extensions.get::<MatchedPath>().map(MatchedPath::as_str)
    }

    pub(crate) fn original_uri(parts: &request::Parts) -> &Uri {
        parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0)
    }

    pub(crate) fn peer_address(extensions: &Extensions) -> Option<SocketAddr> {
        let connected = extensions.get::<ConnectInfo<SocketAddr>>();
        connected.map(|info| info.0).or_else(|| extensions.get::<SocketAddr>().copied())
    }

    /// Leaves the template for a layer outside of the router.
    pub(crate) fn pass_on(extensions: &Extensions) {
        if let (Some(cell), Some(path)) = (extensions.get::<Cell>(), extensions.get::<MatchedPath>()) {
            cell.fill(path);
        }
    }

    impl Cell {
        /// The first call wins.
        fn fill(&self, path: &MatchedPath) {
            self.0.get_or_init(|| path.clone());
        }
    }

    impl Progress {
        pub(crate) fn new(parts: &mut request::Parts, span: &Span) -> Self {
            if template(&parts.extensions).is_some() {
                return Progress::Known;
            }
            if !span.is_recording() {
                return Progress::Unknown;
            }
            let nested = nested_route::template(parts);
            let cell = Cell::default();
            parts.extensions.insert(cell.clone());
            Progress::Awaited(cell, nested)
        }

        pub(crate) fn is_known(&self) -> bool {
            matches!(self, Progress::Known)
        }

        /// Calls the closure with the template, once it is known.
        pub(crate) fn settle(&mut self, f: impl FnOnce(&str)) {
            if let Progress::Awaited(cell, nested) = self
                && let Some(template) = cell.0.get().map(MatchedPath::as_str).or(nested.as_deref())
            {
                f(template);
                *self = Progress::Known;
            }
        }
    }
}

#[cfg(not(feature = "axum"))]
mod plain {
    use std::net::SocketAddr;

    use http::{Extensions, Uri, request};
    use opentracing_core::Span;

    /// Without a router there are no templates.
    pub(crate) struct Progress;

    pub(crate) fn template(_: &Extensions) -> Option<&str> {
        None
    }

    pub(crate) fn original_uri(parts: &request::Parts) -> &Uri {
        &parts.uri
    }

    pub(crate) fn peer_address(extensions: &Extensions) -> Option<SocketAddr> {
        extensions.get::<SocketAddr>().copied()
    }

    pub(crate) fn pass_on(_: &Extensions) {}

    impl Progress {
        pub(crate) fn new(_: &mut request::Parts, _: &Span) -> Self {
            Progress
        }

        pub(crate) fn is_known(&self) -> bool {
            false
        }

        pub(crate) fn settle(&mut self, _: impl FnOnce(&str)) {}
    }
}

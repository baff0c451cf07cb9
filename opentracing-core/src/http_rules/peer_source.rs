//! Where a server finds the remote address of a connection.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Extensions;

/// A closure that finds the remote address among the extensions of a request, or none.
#[derive(Clone, Default)]
pub(super) struct PeerSource(Option<Arc<Find>>);

type Find = dyn Fn(&Extensions) -> Option<SocketAddr> + Send + Sync;

impl PeerSource {
    pub(super) fn new(find: impl Fn(&Extensions) -> Option<SocketAddr> + Send + Sync + 'static) -> Self {
        PeerSource(Some(Arc::new(find)))
    }

    pub(super) fn find(&self, extensions: &Extensions) -> Option<SocketAddr> {
        self.0.as_ref()?(extensions)
    }
}

impl fmt::Debug for PeerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerSource").field(&self.0.is_some()).finish()
    }
}

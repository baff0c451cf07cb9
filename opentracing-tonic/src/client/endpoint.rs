//! What tracing adds to tonic's endpoints.

use tonic::transport::{Channel, Endpoint, Error};

use crate::client::balance;
use crate::client::layer::TracingClientLayer;
use crate::client::service::TracingChannel;

/// Makes traced channels of an [`Endpoint`], for programs that keep endpoints.
///
/// ```no_run
/// use opentracing_tonic::{EndpointExt, TracingChannel, TracingClientLayer};
/// use tonic::transport::{Endpoint, Error};
///
/// async fn channel(layer: &TracingClientLayer) -> Result<TracingChannel, Error> {
///     Endpoint::from_static("http://users.acme.example:50051").connect_traced(layer).await
/// }
/// ```
pub trait EndpointExt: sealed::Sealed {
    /// Connects, and traces the calls of the channel with this layer. The endpoint is the [peer](TracingClientLayer::peer), unless the layer
    /// has one.
    fn connect_traced(&self, layer: &TracingClientLayer) -> impl Future<Output = Result<TracingChannel, Error>> + Send;

    /// As [`connect_traced`](Self::connect_traced), but connects with the first call.
    fn connect_lazy_traced(&self, layer: &TracingClientLayer) -> TracingChannel;

    /// Lets the endpoint report itself as the peer of each call that it gets in a balanced channel, for [`Channel::balance_channel`].
    /// [`TracingClientLayer::balance_list`] does so with all endpoints.
    ///
    /// This replaces the endpoint's executor by one that spawns on tokio, as tonic does by default.
    ///
    /// ```
    /// use opentracing_tonic::{EndpointExt, TracingClientLayer};
    /// use tonic::transport::{Channel, Endpoint, channel::Change};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (channel, changes) = Channel::balance_channel(8);
    /// let channel = TracingClientLayer::new().peer_service("user").wrap(channel);
    /// let endpoint = Endpoint::from_static("http://10.0.0.7:50051").report_peer();
    /// changes.send(Change::Insert("a", endpoint)).await?;
    /// # drop(channel);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    fn report_peer(self) -> Endpoint;
}

impl EndpointExt for Endpoint {
    async fn connect_traced(&self, layer: &TracingClientLayer) -> Result<TracingChannel, Error> {
        Ok(with_peer(layer, self).wrap(self.connect().await?))
    }

    fn connect_lazy_traced(&self, layer: &TracingClientLayer) -> TracingChannel {
        with_peer(layer, self).wrap::<Channel>(self.connect_lazy())
    }

    fn report_peer(self) -> Endpoint {
        balance::report_peer(self)
    }
}

fn with_peer(layer: &TracingClientLayer, endpoint: &Endpoint) -> TracingClientLayer {
    let mut layer = layer.clone();
    layer.config_mut().peer.get_or_insert_with(|| endpoint.into());
    layer
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for tonic::transport::Endpoint {}
}

//! From a URL to a traced channel.

use std::error::Error;
use std::path::Path;

use tonic::transport::{self, Channel, Endpoint};

use crate::client::balance;
use crate::client::layer::TracingClientLayer;
use crate::client::service::TracingChannel;
use crate::client::target::Target;

impl TracingChannel {
    /// Connects to an endpoint, with the global tracer and the defaults of [`TracingClientLayer`]. Takes what the `connect` of generated
    /// clients takes: a URL, also `unix:///run/users.sock`, or an [`Endpoint`].
    ///
    /// ```no_run
    /// # struct GreeterClient<T>(T);
    /// # impl<T> GreeterClient<T> { fn new(channel: T) -> Self { GreeterClient(channel) } }
    /// use opentracing_tonic::TracingChannel;
    ///
    /// # async fn connect() -> Result<(), tonic::transport::Error> {
    /// // Instead of `GreeterClient::connect("http://users.acme.example:50051").await?`
    /// let client = GreeterClient::new(TracingChannel::connect("http://users.acme.example:50051").await?);
    /// # let _: GreeterClient<TracingChannel> = client;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the target is no URL, or cannot be reached.
    pub async fn connect<D>(target: D) -> Result<Self, transport::Error>
    where
        D: TryInto<Endpoint> + 'static,
        D::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        TracingClientLayer::new().connect(target).await
    }

    /// As [`connect`](Self::connect), but connects with the first call.
    ///
    /// # Errors
    ///
    /// If the target is no URL.
    pub fn connect_lazy<D>(target: D) -> Result<Self, transport::Error>
    where
        D: TryInto<Endpoint> + 'static,
        D::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        TracingClientLayer::new().connect_lazy(target)
    }
}

impl TracingClientLayer {
    /// Connects to an endpoint, with the settings of this layer. The endpoint is the [`peer`](Self::peer), unless one is set. An `https` URL
    /// uses the root certificates that tonic's features enable; for other ones, pass an [`Endpoint`] with its
    /// [`tls_config`](https://docs.rs/tonic/latest/tonic/transport/struct.Endpoint.html#method.tls_config).
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use opentracing_core::Tracer;
    /// use opentracing_tonic::{TracingChannel, TracingClientLayer};
    /// use tonic::transport::{Endpoint, Error};
    ///
    /// async fn channel(tracer: Tracer) -> Result<TracingChannel, Error> {
    ///     let endpoint = Endpoint::from_static("http://users.acme.example:50051").timeout(Duration::from_secs(5));
    ///     TracingClientLayer::with_tracer(tracer).peer_service("user").connect(endpoint).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the target is no URL, or cannot be reached.
    pub async fn connect<D>(&self, target: D) -> Result<TracingChannel, transport::Error>
    where
        D: TryInto<Endpoint> + 'static,
        D::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (layer, endpoint) = self.with_target(target)?;
        Ok(layer.wrap(endpoint.connect().await?))
    }

    /// As [`connect`](Self::connect), but connects with the first call.
    ///
    /// # Errors
    ///
    /// If the target is no URL.
    pub fn connect_lazy<D>(&self, target: D) -> Result<TracingChannel, transport::Error>
    where
        D: TryInto<Endpoint> + 'static,
        D::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (layer, endpoint) = self.with_target(target)?;
        Ok(layer.wrap(endpoint.connect_lazy()))
    }

    /// A channel that distributes calls over endpoints, as [`Channel::balance_list`] makes it. The peer of a call is the endpoint that got
    /// it, by [`EndpointExt::report_peer`](crate::EndpointExt::report_peer).
    pub fn balance_list(&self, endpoints: impl IntoIterator<Item = Endpoint>) -> TracingChannel {
        self.wrap(Channel::balance_list(endpoints.into_iter().map(balance::report_peer)))
    }

    /// Sets the tag `peer.address` to the path of a Unix socket, `unix:/run/users.sock`: for a channel whose connector is your own.
    /// [`connect`](Self::connect) does so for `unix:` URLs.
    ///
    /// ```
    /// use opentracing_tonic::TracingClientLayer;
    ///
    /// let layer = TracingClientLayer::new().peer_socket("/run/users.sock");
    /// // layer.wrap(endpoint.connect_with_connector(connector).await?)
    /// # drop(layer);
    /// ```
    pub fn peer_socket(mut self, path: impl AsRef<Path>) -> Self {
        self.config_mut().peer = Some(Target::socket(&path.as_ref().to_string_lossy()));
        self
    }

    fn with_target<D>(&self, target: D) -> Result<(Self, Endpoint), transport::Error>
    where
        D: TryInto<Endpoint> + 'static,
        D::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let socket = Target::of(&target);
        // What generated clients call.
        let endpoint = Endpoint::new(target)?;
        let mut layer = self.clone();
        layer.config_mut().peer.get_or_insert_with(|| socket.unwrap_or_else(|| (&endpoint).into()));
        Ok((layer, endpoint))
    }
}

//! The constructors of a traced connection. Each has the name and the arguments of lapin's.

use async_rs::Runtime;
use async_rs::traits::{Reactor, RuntimeKit};
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, Result};
use opentracing_core::Tracer;

use crate::connection::connection::TracingConnection;

impl TracingConnection {
    /// Connects like [`Connection::connect`], with the global tracer. Spans record the host and port of the address, but never its user
    /// name or password.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connect`].
    pub async fn connect(uri: &str, options: ConnectionProperties) -> Result<Self> {
        Self::connect_with_tracer(Tracer::global(), uri, options).await
    }

    /// Connects like [`connect`](Self::connect), with the given tracer.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connect`].
    pub async fn connect_with_tracer(tracer: Tracer, uri: &str, options: ConnectionProperties) -> Result<Self> {
        Ok(Self::with_tracer(tracer, Connection::connect(uri, options).await?).at(uri))
    }

    /// Connects like [`Connection::connect_with_runtime`], with the global tracer.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connect_with_runtime`].
    pub async fn connect_with_runtime<RK: RuntimeKit + Send + Sync + Clone + 'static>(
        uri: &str,
        options: ConnectionProperties,
        runtime: Runtime<RK>,
    ) -> Result<Self> {
        Ok(Self::new(Connection::connect_with_runtime(uri, options, runtime).await?).at(uri))
    }

    /// Connects like [`Connection::connect_with_config`], with the global tracer.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connect_with_config`].
    pub async fn connect_with_config<RK: RuntimeKit + Send + Sync + Clone + 'static>(
        uri: &str,
        options: ConnectionProperties,
        config: OwnedTLSConfig,
        runtime: Runtime<RK>,
    ) -> Result<Self> {
        Ok(Self::new(Connection::connect_with_config(uri, options, config, runtime).await?).at(uri))
    }

    /// Connects like [`Connection::connect_uri`], with the global tracer.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connect_uri`].
    pub async fn connect_uri(uri: AMQPUri, options: ConnectionProperties) -> Result<Self> {
        let connection = Connection::connect_uri(uri.clone(), options).await?;
        Ok(Self::new(connection).peer_uri(&uri))
    }

    /// Connects like [`Connection::connect_uri_with_runtime`], with the global tracer.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connect_uri_with_runtime`].
    pub async fn connect_uri_with_runtime<RK: RuntimeKit + Send + Sync + Clone + 'static>(
        uri: AMQPUri,
        options: ConnectionProperties,
        runtime: Runtime<RK>,
    ) -> Result<Self> {
        let connection = Connection::connect_uri_with_runtime(uri.clone(), options, runtime).await?;
        Ok(Self::new(connection).peer_uri(&uri))
    }

    /// Connects like [`Connection::connect_uri_with_config`], with the global tracer.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connect_uri_with_config`].
    pub async fn connect_uri_with_config<RK: RuntimeKit + Send + Sync + Clone + 'static>(
        uri: AMQPUri,
        options: ConnectionProperties,
        config: OwnedTLSConfig,
        runtime: Runtime<RK>,
    ) -> Result<Self> {
        let connection = Connection::connect_uri_with_config(uri.clone(), options, config, runtime).await?;
        Ok(Self::new(connection).peer_uri(&uri))
    }

    /// Connects over a transport of your own, like [`Connection::connector`], with the global tracer.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::connector`].
    pub async fn connector<RK: RuntimeKit + Clone + Send + 'static>(
        uri: AMQPUri,
        runtime: Runtime<RK>,
        connect: impl AsyncFn(AMQPUri, Runtime<RK>) -> Result<AsyncTcpStream<<RK as Reactor>::TcpStream>>
        + Send
        + Sync
        + 'static,
        options: ConnectionProperties,
    ) -> Result<Self> {
        let connection = Connection::connector(uri.clone(), runtime, connect, options).await?;
        Ok(Self::new(connection).peer_uri(&uri))
    }

    /// Takes the broker's host and port from an address as text. lapin has accepted the address, so it can be parsed.
    fn at(self, uri: &str) -> Self {
        match uri.parse() {
            Ok(uri) => self.peer_uri(&uri),
            Err(_) => self,
        }
    }
}

//! The builder of a traced connection.

use async_rs::Runtime;
use async_rs::traits::RuntimeKit;
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::AMQPUri;
use lapin::{ConnectionBuilder, ConnectionProperties, DefaultConnectionBuilder, Result};
use opentracing_core::Tracer;

use crate::connection::connection::TracingConnection;

/// A builder of a traced connection, like lapin's [`ConnectionBuilder`].
///
/// ```no_run
/// use opentracing_amqp::DefaultTracingConnectionBuilder;
///
/// # async fn connect() -> lapin::Result<()> {
/// let builder = DefaultTracingConnectionBuilder::new()?.with_uri_str("amqp://mq.example".into());
/// let channel = builder.connect().await?.create_channel().await?;
/// # drop(channel);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until connect()"]
pub struct TracingConnectionBuilder<RK: RuntimeKit + Send + Sync + Clone + 'static> {
    builder: ConnectionBuilder<RK>,
    uri: Option<AMQPUri>,
    tracer: Tracer,
}

/// A [`TracingConnectionBuilder`] on lapin's default runtime, like lapin's [`DefaultConnectionBuilder`].
pub type DefaultTracingConnectionBuilder =
    TracingConnectionBuilder<<DefaultConnectionBuilder as default_runtime::Builder>::Kit>;

impl DefaultTracingConnectionBuilder {
    /// Creates a builder on lapin's default runtime, like [`DefaultConnectionBuilder::new`].
    ///
    /// # Errors
    ///
    /// The errors of [`DefaultConnectionBuilder::new`]: no feature of lapin chooses a runtime.
    pub fn new() -> Result<Self> {
        DefaultConnectionBuilder::new().map(Self::from)
    }
}

impl<RK: RuntimeKit + Send + Sync + Clone + 'static> TracingConnectionBuilder<RK> {
    /// Creates a builder on a runtime, like [`ConnectionBuilder::new_with_runtime`].
    pub fn new_with_runtime(runtime: Runtime<RK>) -> Self {
        ConnectionBuilder::new_with_runtime(runtime).into()
    }

    /// Sets the tracer. The global one by default.
    pub fn with_tracer(mut self, tracer: Tracer) -> Self {
        self.tracer = tracer;
        self
    }

    /// Sets the address of the broker. Spans record its host and port.
    pub fn with_uri(mut self, uri: AMQPUri) -> Self {
        self.uri = Some(uri.clone());
        self.builder = self.builder.with_uri(uri);
        self
    }

    /// Sets the address of the broker as text, which is parsed when it is used. Spans record its host and port.
    pub fn with_uri_str(mut self, uri: String) -> Self {
        self.uri = uri.parse().ok();
        self.builder = self.builder.with_uri_str(uri);
        self
    }

    /// Sets the properties of the connection. lapin's default ones by default.
    pub fn with_properties(mut self, properties: ConnectionProperties) -> Self {
        self.builder = self.builder.with_properties(properties);
        self
    }

    /// Sets the TLS configuration. lapin's default one by default.
    pub fn with_tls_config(mut self, tls_config: OwnedTLSConfig) -> Self {
        self.builder = self.builder.with_tls_config(tls_config);
        self
    }

    /// Connects like [`ConnectionBuilder::connect`].
    ///
    /// # Errors
    ///
    /// The errors of [`ConnectionBuilder::connect`].
    pub async fn connect(&self) -> Result<TracingConnection> {
        let connection = TracingConnection::with_tracer(self.tracer.clone(), self.builder.connect().await?);
        Ok(match &self.uri {
            Some(uri) => connection.peer_uri(uri),
            None => connection,
        })
    }
}

/// Wraps a builder, with the global tracer. The broker's host and port are unknown if its address was set before.
impl<RK: RuntimeKit + Send + Sync + Clone + 'static> From<ConnectionBuilder<RK>> for TracingConnectionBuilder<RK> {
    fn from(builder: ConnectionBuilder<RK>) -> Self {
        TracingConnectionBuilder { builder, uri: None, tracer: Tracer::global() }
    }
}

/// Finds the runtime of lapin's default builder, which lapin does not name.
mod default_runtime {
    use async_rs::traits::RuntimeKit;
    use lapin::ConnectionBuilder;

    pub trait Builder {
        type Kit;
    }

    impl<RK: RuntimeKit + Send + Sync + Clone + 'static> Builder for ConnectionBuilder<RK> {
        type Kit = RK;
    }
}

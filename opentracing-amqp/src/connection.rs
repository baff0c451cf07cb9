//! The traced connection.

use std::ops::Deref;
use std::sync::Arc;

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Result};
use opentracing_core::Tracer;

use crate::channel::channel::TracingChannel;
use crate::settings::peer::Peer;
use crate::settings::settings::{Settings, setters};

/// A connection whose channels are traced.
///
/// ```no_run
/// use lapin::ConnectionProperties;
/// use opentracing_amqp::TracingConnection;
///
/// # async fn connect() -> lapin::Result<()> {
/// let options = ConnectionProperties::default();
/// let connection = TracingConnection::connect("amqp://mq.example/%2f", options).await?;
/// let connection = connection.peer_service("parcels").capture_header("x-tenant");
/// let channel = connection.create_channel().await?;
/// # drop(channel);
/// # Ok(())
/// # }
/// ```
///
/// # What is not traced
///
/// The connection dereferences to lapin's [`Connection`]. Methods that exist only there, such as `close` and `status`, are not traced. A
/// function that takes `&Connection` accepts `&TracingConnection`, but the channels that it creates are lapin's own: they record no
/// spans and inject no headers.
#[derive(Debug)]
#[must_use]
pub struct TracingConnection {
    connection: Connection,
    pub(crate) settings: Arc<Settings>,
}

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
        let mut traced = Self::with_tracer(tracer, Connection::connect(uri, options).await?);
        if let Ok(AMQPUri { authority, .. }) = uri.parse() {
            Arc::make_mut(&mut traced.settings).peer = Peer::new(&authority.host, authority.port);
        }
        Ok(traced)
    }

    /// Wraps an existing connection, with the global tracer. The broker's host and port are unknown until [`peer`](Self::peer) sets them.
    pub fn new(connection: Connection) -> Self {
        Self::with_tracer(Tracer::global(), connection)
    }

    /// Wraps an existing connection. The broker's host and port are unknown until [`peer`](Self::peer) sets them.
    pub fn with_tracer(tracer: Tracer, connection: Connection) -> Self {
        let mut settings = Settings::new(tracer);
        Arc::make_mut(&mut settings).frame_max = connection.configuration().frame_max();
        TracingConnection { connection, settings }
    }

    setters!();

    /// Opens a traced channel with the current settings of the connection.
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::create_channel`].
    pub async fn create_channel(&self) -> Result<TracingChannel> {
        let channel = self.connection.create_channel().await?;
        Ok(TracingChannel::with_settings(channel, self.settings.clone()))
    }

    /// Returns lapin's connection. Its channels are not traced.
    pub fn get_ref(&self) -> &Connection {
        &self.connection
    }

    /// Unwraps lapin's connection. Its channels are not traced.
    pub fn into_inner(self) -> Connection {
        self.connection
    }
}

impl Deref for TracingConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

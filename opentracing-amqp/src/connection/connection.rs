//! The traced connection.

use std::ops::Deref;
use std::sync::Arc;

use futures_core::Stream;
use lapin::types::{LongString, ReplyCode, ShortString};
use lapin::uri::AMQPUri;
use lapin::{Configuration, Connection, ConnectionStatus, Event, Result};
use opentracing_core::Tracer;

use crate::channel::channel::TracingChannel;
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
/// All methods of lapin's [`Connection`] are methods of this type too. The connection also dereferences to lapin's: a function that takes
/// `&Connection` accepts `&TracingConnection`, but the channels that it creates are lapin's own, which record no spans and inject no headers.
/// Such uses are counted in [`MessageStats::bypassed`](opentracing_core::MessageStats).
#[derive(Debug)]
#[must_use]
pub struct TracingConnection {
    connection: Connection,
    pub(crate) settings: Arc<Settings>,
}

impl TracingConnection {
    /// Wraps an existing connection, with the global tracer. The broker's host and port are unknown until
    /// [`peer_uri`](Self::peer_uri) or [`peer`](Self::peer) sets them, because lapin does not expose the address of a connection.
    pub fn new(connection: Connection) -> Self {
        Self::with_tracer(Tracer::global(), connection)
    }

    /// Wraps an existing connection. The broker's host and port are unknown until
    /// [`peer_uri`](Self::peer_uri) or [`peer`](Self::peer) sets them.
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

    /// Takes the broker's host and port from its address, for the tags that [`peer`](Self::peer) describes.
    pub fn peer_uri(self, uri: &AMQPUri) -> Self {
        self.peer(&uri.authority.host, uri.authority.port)
    }

    /// Forwards to [`Connection::events_listener`].
    pub fn events_listener(&self) -> impl Stream<Item = Event> + Send + 'static {
        self.connection.events_listener()
    }

    /// Blocks until the connection is closed. Forwards to [`Connection::run`].
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::run`].
    pub fn run(self) -> Result<()> {
        self.connection.run()
    }

    /// Forwards to [`Connection::configuration`].
    pub fn configuration(&self) -> &Configuration {
        self.connection.configuration()
    }

    /// Forwards to [`Connection::status`].
    pub fn status(&self) -> &ConnectionStatus {
        self.connection.status()
    }

    /// Closes the connection. Forwards to [`Connection::close`].
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::close`].
    pub async fn close(&self, reply_code: ReplyCode, reply_text: ShortString) -> Result<()> {
        self.connection.close(reply_code, reply_text).await
    }

    /// Forwards to [`Connection::update_secret`].
    ///
    /// # Errors
    ///
    /// The errors of [`Connection::update_secret`].
    pub async fn update_secret(&self, new_secret: LongString, reason: ShortString) -> Result<()> {
        self.connection.update_secret(new_secret, reason).await
    }

    /// Returns lapin's connection. Its channels are not traced.
    pub fn get_ref(&self) -> &Connection {
        self.settings.count_bypass();
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
        self.settings.count_bypass();
        &self.connection
    }
}

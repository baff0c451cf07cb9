//! The wrapped connection.

use std::ops::Deref;
use std::sync::Arc;

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Result};
use opentracing_core::Tracer;

use crate::channel::TracingChannel;
use crate::settings::{Peer, Settings, setters};

/// A connection whose channels are traced.
///
/// Dereferences to lapin's [`Connection`], with [`create_channel`](Self::create_channel) of its own.
#[derive(Debug)]
#[must_use]
pub struct TracingConnection {
    connection: Connection,
    pub(crate) settings: Arc<Settings>,
}

impl TracingConnection {
    /// Connects as [`Connection::connect`] does, with the global tracer. Spans tell the host and port of the address, and never its user
    /// or password.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::connect`].
    pub async fn connect(uri: &str, options: ConnectionProperties) -> Result<Self> {
        Self::connect_with_tracer(Tracer::global(), uri, options).await
    }

    /// Connects as [`connect`](Self::connect) does, with that tracer.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::connect`].
    pub async fn connect_with_tracer(tracer: Tracer, uri: &str, options: ConnectionProperties) -> Result<Self> {
        let mut traced = Self::with_tracer(tracer, Connection::connect(uri, options).await?);
        if let Ok(AMQPUri { authority, .. }) = uri.parse() {
            Arc::make_mut(&mut traced.settings).peer = Peer::new(&authority.host, authority.port);
        }
        Ok(traced)
    }

    /// Wraps a ready-made connection, with the global tracer. It does not tell where it goes to: [`peer`](Self::peer) does.
    pub fn new(connection: Connection) -> Self {
        Self::with_tracer(Tracer::global(), connection)
    }

    /// Wraps a ready-made connection. It does not tell where it goes to: [`peer`](Self::peer) does.
    pub fn with_tracer(tracer: Tracer, connection: Connection) -> Self {
        let mut settings = Settings::new(tracer);
        Arc::make_mut(&mut settings).frame_max = connection.configuration().frame_max();
        TracingConnection { connection, settings }
    }

    setters!();

    /// Opens a channel, with the settings that the connection has now.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::create_channel`].
    pub async fn create_channel(&self) -> Result<TracingChannel> {
        let channel = self.connection.create_channel().await?;
        Ok(TracingChannel::with_settings(channel, self.settings.clone()))
    }

    /// The connection inside, whose channels are not traced.
    pub fn get_ref(&self) -> &Connection {
        &self.connection
    }

    /// The connection inside, whose channels are not traced.
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

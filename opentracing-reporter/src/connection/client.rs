//! A client with one connection to one endpoint.

use std::io;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

#[cfg(feature = "tls")]
use super::connector::Connector;
use super::endpoint::Endpoint;
use super::protocol::{Connection, OtherProtocol, Protocol, Response};
use super::{Answer, BoxError, NoConnection, hint, redirect};

pub(super) struct Client {
    endpoint: Endpoint,
    protocol: Protocol,
    /// Created for the first connection, since it may have to read the operating system's certificates.
    #[cfg(feature = "tls")]
    tls: Option<Connector>,
    connection: Option<Connection>,
}

impl Client {
    pub(super) fn new(endpoint: &Endpoint, protocol: Protocol) -> Self {
        Client {
            endpoint: endpoint.clone(),
            protocol,
            #[cfg(feature = "tls")]
            tls: None,
            connection: None,
        }
    }

    pub(super) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Answer {
        let mut response = self.attempt_twice(request.clone()).await;
        if let Ok(first) = &response
            && !self.protocol.is_grpc()
            && let Some(path) = redirect::same_server_path(first, &self.endpoint)
        {
            let mut request = request;
            *request.uri_mut() = Uri::from(path);
            response = self.attempt_twice(request).await;
        }
        match response {
            Ok(response) => {
                let hint = hint::about(&response, &self.endpoint, self.protocol);
                let answer = match self.protocol {
                    Protocol::Http => super::http_answer::answer(response),
                    Protocol::Agent => super::http_answer::agent_answer(response),
                    #[cfg(feature = "otlp")]
                    Protocol::Grpc => super::grpc::answer(response),
                };
                match (answer, hint) {
                    (Answer::Refused(error), Some(hint)) => Answer::Refused(format!("{error}; {hint}").into()),
                    (answer, _) => answer,
                }
            }
            Err(error) if error.is::<OtherProtocol>() => {
                let hint = hint::about_protocol(&self.endpoint, self.protocol);
                Answer::retry(format!("{error}; {hint}"))
            }
            Err(error) => Answer::retry(error),
        }
    }

    /// Closes the connection: part of a cancelled request may already be on its way.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    async fn attempt_twice(&mut self, request: Request<Full<Bytes>>) -> Result<Response, BoxError> {
        let (response, was_open) = self.attempt(request.clone()).await;
        if response.is_err() && was_open {
            // Servers close idle connections, and a request may cross that on its way.
            return self.attempt(request).await.0;
        }
        response
    }

    /// The response, and whether the connection had been used before.
    async fn attempt(&mut self, request: Request<Full<Bytes>>) -> (Result<Response, BoxError>, bool) {
        let open = self.connection.take().filter(|connection| !connection.is_closed());
        let was_open = open.is_some();
        let connection = match open {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        };
        let response = match connection {
            Ok(mut connection) => {
                let response = connection.exchange(request).await;
                if response.is_ok() {
                    self.connection = Some(connection);
                }
                response
            }
            Err(error) => Err(error),
        };
        (response, was_open)
    }

    async fn connect(&mut self) -> Result<Connection, BoxError> {
        #[cfg(unix)]
        if let Some(socket) = &self.endpoint.socket {
            let stream = UnixStream::connect(socket).await.map_err(|error| self.no_connection(&error))?;
            return Connection::over(stream, self.protocol).await;
        }
        let Endpoint { host, port, .. } = &self.endpoint;
        let stream = TcpStream::connect((&**host, *port)).await.map_err(|error| self.no_connection(&error))?;
        stream.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if self.endpoint.is_tls {
            let tls = match self.tls.take() {
                Some(tls) => tls,
                None => Connector::new(&self.endpoint, self.protocol)?,
            };
            let stream = self.tls.insert(tls).connect(stream).await.map_err(|error| self.no_connection(&error))?;
            return Connection::over(stream, self.protocol).await;
        }
        Connection::over(stream, self.protocol).await
    }

    fn no_connection(&self, error: &io::Error) -> BoxError {
        NoConnection(format!("no connection to {}: {error}", self.endpoint)).into()
    }
}

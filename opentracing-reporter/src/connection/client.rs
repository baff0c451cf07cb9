//! A client with one connection to one endpoint.

use bytes::Bytes;
use http::header::PROXY_AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{Request, StatusCode, Uri};
use http_body_util::Full;

use super::endpoint::Endpoint;
use super::progress::Progress;
use super::protocol::{Connection, OtherProtocol, Protocol, Response};
use super::route::{Opened, Route};
use super::{Answer, BoxError, NoConnection, hint, redirect};

pub(super) struct Client {
    endpoint: Endpoint,
    protocol: Protocol,
    route: Route,
    connection: Option<Connection>,
}

impl Client {
    pub(super) fn new(endpoint: &Endpoint, protocol: Protocol) -> Self {
        Client { endpoint: endpoint.clone(), protocol, route: Route::new(endpoint, protocol), connection: None }
    }

    /// How far the request in flight has come.
    pub(super) fn progress(&self) -> Progress {
        self.route.progress.clone()
    }

    /// Where the last connection leads.
    pub(super) fn opened(&self) -> Option<&Opened> {
        self.route.last.as_ref()
    }

    pub(super) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Answer {
        let mut response = self.attempt_twice(self.addressed(request.clone())).await;
        if let Ok(first) = &response
            && !self.protocol.is_grpc()
            && let Some(path) = redirect::same_server_path(first, &self.endpoint)
        {
            let mut request = request;
            *request.uri_mut() = Uri::from(path);
            response = self.attempt_twice(self.addressed(request)).await;
        }
        match response {
            Ok(response) if response.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                let proxy =
                    self.route.forwarder().map_or_else(String::new, |(proxy, _)| format!(" {}", proxy.origin()));
                Answer::retry(NoConnection::to(
                    &self.endpoint,
                    &format_args!("the proxy{proxy} answered {}", response.status),
                ))
            }
            Ok(response) => {
                let hint = hint::about(&response, &self.endpoint, self.protocol);
                let answer = match self.protocol {
                    Protocol::Http => super::http_answer::answer(response),
                    Protocol::Agent => super::http_answer::agent_answer(response),
                    #[cfg(feature = "grpc")]
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
            Err(error) if error.is::<NoConnection>() => Answer::retry(error),
            Err(error) => {
                let hint = hint::about_closed(&self.endpoint, self.protocol);
                Answer::retry(format!("no answer from {}: {error}{hint}", self.endpoint))
            }
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
        Connection::over(self.route.open().await?, self.protocol).await
    }

    /// Names the server in a request that a proxy forwards.
    fn addressed(&self, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
        if let Some((_, credentials)) = self.route.forwarder() {
            let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
            // Both parts come from a valid endpoint.
            if let Ok(uri) = format!("http://{}{path}", self.endpoint.authority).parse() {
                *request.uri_mut() = uri;
            }
            if let Some(credentials) = credentials {
                request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
            }
        }
        request
    }
}

//! What the tests share.

use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use opentracing_reqwest::{TracingClient, TracingClientBuilder};
use tokio::net::TcpSocket;

use crate::server::Server;

/// A client of our builder, which knows the servers by these names.
pub(crate) fn client(mock: &MockTracer, names: &[(&str, &Server)]) -> TracingClient {
    builder(mock, names).build().unwrap()
}

/// Builds a client that knows the servers by these names.
pub(crate) fn builder(mock: &MockTracer, names: &[(&str, &Server)]) -> TracingClientBuilder {
    TracingClient::from_builder(resolving(names)).tracer(mock.tracer().clone())
}

/// reqwest's builder for a client that knows the servers by these names.
pub(crate) fn resolving(names: &[(&str, &Server)]) -> reqwest::ClientBuilder {
    names
        .iter()
        .fold(reqwest::Client::builder().no_proxy(), |builder, (name, server)| builder.resolve(name, server.address()))
}

/// A port that is taken, and where nobody listens.
pub(crate) struct Refusing(TcpSocket);

impl Refusing {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Refusing(socket)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/?token=sesame", self.0.local_addr().unwrap())
    }
}

/// The one span that has finished.
#[track_caller]
pub(crate) fn only_span(mock: &MockTracer) -> OwnedSpan {
    let mut spans = mock.finished_spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

/// The tags as text, in the order of setting.
pub(crate) fn tags(span: &OwnedSpan) -> Vec<(&str, String)> {
    span.tags.iter().map(|(key, value)| (&**key, value.as_value().to_string())).collect()
}

/// The tag as text.
pub(crate) fn tag(span: &OwnedSpan, key: &str) -> Option<String> {
    span.tag(key).map(|value| value.to_string())
}

/// The only log of that event, as text.
#[track_caller]
pub(crate) fn log(span: &OwnedSpan, event: &str) -> Vec<(String, String)> {
    let is_event = |log: &&opentracing_core::OwnedLog| log.field("event") == Some(event.into());
    let logs: Vec<_> = span.logs.iter().filter(is_event).collect();
    assert_eq!(logs.len(), 1, "{:?}", span.logs);
    logs[0].fields.iter().skip(1).map(|(key, value)| (key.to_string(), value.as_value().to_string())).collect()
}

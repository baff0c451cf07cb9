//! TLS on top of a TCP connection.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::endpoint::Endpoint;
use super::protocol::Protocol;
use super::tls::Tls;

pub(super) struct Connector {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Connector {
    pub(super) fn new(endpoint: &Endpoint, protocol: Protocol) -> io::Result<Self> {
        let mut config = match &endpoint.tls {
            Some(config) => (**config).clone(),
            None => Tls::system()?,
        };
        config.alpn_protocols = vec![match protocol {
            Protocol::Http | Protocol::Agent => b"http/1.1".to_vec(),
            #[cfg(feature = "otlp")]
            Protocol::Grpc => b"h2".to_vec(),
        }];
        let name = ServerName::try_from(endpoint.host.to_string()).map_err(io::Error::other)?;
        Ok(Connector { connector: TlsConnector::from(Arc::new(config)), name })
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

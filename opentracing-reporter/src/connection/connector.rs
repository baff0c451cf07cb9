//! TLS on top of a stream.

use std::io;
use std::sync::Arc;

use rustls::ProtocolVersion;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::dial::BoxStream;
use super::endpoint::Endpoint;
use super::protocol::Protocol;
use super::tls::{Certificates, Tls};

/// Opens TLS connections. Files with certificates are read again for each of them, since operators replace certificates while a program
/// runs.
pub(super) struct Connector {
    tls: Arc<Tls>,
    host: Box<str>,
    protocol: Protocol,
    name: ServerName<'static>,
    /// The last certificates that could be used.
    current: Option<(Certificates, TlsConnector)>,
    has_warned: bool,
}

impl Connector {
    pub(super) fn new(endpoint: &Endpoint, protocol: Protocol) -> io::Result<Self> {
        Ok(Connector {
            tls: endpoint.tls.clone().unwrap_or_default(),
            host: endpoint.host.clone(),
            protocol,
            name: ServerName::try_from(endpoint.host.to_string()).map_err(io::Error::other)?,
            current: None,
            has_warned: false,
        })
    }

    /// The secured stream, and the version of TLS.
    pub(super) async fn connect(&mut self, stream: BoxStream) -> io::Result<(BoxStream, &'static str)> {
        let name = self.name.clone();
        let connected = self.connector()?.connect(name, stream).await;
        let stream = match connected {
            Ok(stream) => stream,
            Err(error) => {
                // The certificates of the operating system may have changed too.
                if self.tls.trusts_system() {
                    self.current = None;
                }
                return Err(error);
            }
        };
        let version = match stream.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS",
        };
        Ok((Box::new(stream), version))
    }

    /// A connector with the certificates of now, or else, if those cannot be used, with the last ones that could.
    fn connector(&mut self) -> io::Result<&TlsConnector> {
        let read = self.tls.read().and_then(|certificates| match &self.current {
            Some((current, _)) if *current == certificates => Ok(None),
            _ => self.tls.config(&certificates).map(|config| Some((certificates, config))),
        });
        let replaced = match (read, self.current.take()) {
            (Ok(None), Some(current)) => {
                self.has_warned = false;
                current
            }
            (Ok(Some((certificates, mut config))), previous) => {
                if previous.is_some() {
                    log::info!("the certificates for {} have changed and were read again", self.host);
                }
                self.has_warned = false;
                config.alpn_protocols = vec![match self.protocol {
                    Protocol::Http | Protocol::Agent => b"http/1.1".to_vec(),
                    #[cfg(feature = "grpc")]
                    Protocol::Grpc => b"h2".to_vec(),
                }];
                (certificates, TlsConnector::from(Arc::new(config)))
            }
            (Err(error), Some(current)) => {
                if !self.has_warned {
                    self.has_warned = true;
                    log::warn!("the certificates for {} have changed and cannot be used: {error}", self.host);
                }
                current
            }
            (Err(error), None) => return Err(io::Error::other(error)),
            (Ok(None), None) => return Err(io::Error::other("there are no certificates")),
        };
        Ok(&self.current.insert(replaced).1)
    }
}

//! Trusted root certificates, and the client certificate.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::invalid_endpoint::InvalidEndpoint;

/// The root certificates that a connection trusts, and the client certificate that it presents. TLS 1.2 and 1.3, by rustls with ring.
///
/// Without root certificates, those of the operating system are trusted. The server's certificate must be valid for the endpoint's host,
/// by name or by IP address.
///
/// ```no_run
/// use opentracing_reporter::{Endpoint, Otlp, Tls};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let roots = std::fs::read("ca.pem")?;
/// let (certificate, key) = (std::fs::read("client.pem")?, std::fs::read("client.key")?);
///
/// let tls = Tls::new().roots_pem(&roots)?.client_certificate_pem(&certificate, &key)?;
/// let endpoint: Endpoint = "https://collector.internal:4318".parse()?;
/// let otlp = Otlp::http(endpoint.tls(tls)?)?;
/// # let _ = otlp;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "does nothing until an endpoint uses it"]
pub struct Tls {
    given: Vec<CertificateDer<'static>>,
    native: bool,
    #[cfg(feature = "webpki-roots")]
    webpki: bool,
    client: Option<Arc<Client>>,
}

struct Client {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Tls {
    /// Trusts the operating system's root certificates, and presents no client certificate.
    pub fn new() -> Self {
        Tls {
            given: Vec::new(),
            native: false,
            #[cfg(feature = "webpki-roots")]
            webpki: false,
            client: None,
        }
    }

    /// Trusts these PEM certificates. The operating system's are then trusted only with [`native_roots`](Tls::native_roots).
    ///
    /// # Errors
    ///
    /// If `pem` contains no certificate, or an unreadable one.
    pub fn roots_pem(mut self, pem: &[u8]) -> Result<Self, InvalidEndpoint> {
        self.given.extend(certificates(pem, "root certificates")?);
        Ok(self)
    }

    /// Also trusts the operating system's root certificates.
    pub fn native_roots(mut self) -> Self {
        self.native = true;
        self
    }

    /// Also trusts Mozilla's list of certificate authorities, as of the build. For containers without root certificates.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.webpki = true;
        self
    }

    /// Presents this client certificate to a server that asks for one. `certificate` holds the certificate followed by its chain, in PEM;
    /// `key` is PKCS 8, PKCS 1 or SEC 1 in PEM, without a password.
    ///
    /// # Errors
    ///
    /// If `certificate` contains no certificate, or `key` no key.
    pub fn client_certificate_pem(mut self, certificate: &[u8], key: &[u8]) -> Result<Self, InvalidEndpoint> {
        let chain = certificates(certificate, "client certificates")?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| InvalidEndpoint::tls(format!("the client key cannot be read: {error}")))?;
        self.client = Some(Arc::new(Client { chain, key }));
        Ok(self)
    }

    /// The configuration of an endpoint without a `Tls`.
    pub(crate) fn system() -> io::Result<ClientConfig> {
        Tls::new().config().map_err(io::Error::other)
    }

    pub(crate) fn config(self) -> Result<ClientConfig, InvalidEndpoint> {
        let unusable = |error: rustls::Error| InvalidEndpoint::tls(error.to_string());
        // Named explicitly: the process may have no default provider, or two without a choice.
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(self.roots()?);
        match self.client {
            Some(client) => {
                config.with_client_auth_cert(client.chain.clone(), client.key.clone_key()).map_err(unusable)
            }
            None => Ok(config.with_no_client_auth()),
        }
    }

    fn roots(&self) -> Result<RootCertStore, InvalidEndpoint> {
        let mut roots = RootCertStore::empty();
        let mut has_chosen = !self.given.is_empty();
        for root in &self.given {
            let unusable = |error| InvalidEndpoint::tls(format!("a root certificate cannot be used: {error}"));
            roots.add(root.clone()).map_err(unusable)?;
        }
        #[cfg(feature = "webpki-roots")]
        if self.webpki {
            has_chosen = true;
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if self.native || !has_chosen {
            has_chosen = true;
            // Some lists contain unreadable certificates. They are skipped.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if has_chosen && roots.is_empty() {
            return Err(InvalidEndpoint::tls("the operating system has no root certificates".to_owned()));
        }
        Ok(roots)
    }
}

impl Default for Tls {
    fn default() -> Self {
        Tls::new()
    }
}

/// Omits the content of certificates and keys.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.given.len())
            .field("has_client_certificate", &self.client.is_some())
            .finish_non_exhaustive()
    }
}

fn certificates(pem: &[u8], of: &str) -> Result<Vec<CertificateDer<'static>>, InvalidEndpoint> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(InvalidEndpoint::tls(format!("the {of} contain no certificate"))),
        Err(error) => Err(InvalidEndpoint::tls(format!("the {of} cannot be read: {error}"))),
    }
}

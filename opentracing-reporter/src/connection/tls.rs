//! Whom to trust, and who we are.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::invalid_endpoint::InvalidEndpoint;

/// The certificates that a server must be known by, and our own where it asks for one. TLS 1.2 and 1.3, by rustls and ring.
///
/// Without roots, those of the operating system are trusted. The name in the server's certificate has to be the endpoint's host, by
/// name or by address.
///
/// ```
/// # fn f(roots: &[u8], certificate: &[u8], key: &[u8]) -> Result<(), opentracing_reporter::InvalidEndpoint> {
/// use opentracing_reporter::{Endpoint, Otlp, Tls};
///
/// let tls = Tls::new().roots_pem(roots)?.client_pem(certificate, key)?;
/// let otlp = Otlp::http("https://collector.internal:4318".parse::<Endpoint>()?.tls(tls)?)?;
/// # let _ = otlp;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "is used by an endpoint"]
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
    /// The operating system's roots, and no certificate of our own.
    pub fn new() -> Self {
        Tls {
            given: Vec::new(),
            native: false,
            #[cfg(feature = "webpki-roots")]
            webpki: false,
            client: None,
        }
    }

    /// Trusts these certificates, in PEM; then the operating system's only if [asked for](Tls::native_roots).
    ///
    /// # Errors
    ///
    /// If there is no certificate in it.
    pub fn roots_pem(mut self, pem: &[u8]) -> Result<Self, InvalidEndpoint> {
        self.given.extend(certificates(pem, "roots")?);
        Ok(self)
    }

    /// Trusts what the operating system trusts, beside the given roots.
    pub fn native_roots(mut self) -> Self {
        self.native = true;
        self
    }

    /// Trusts Mozilla's list of certificate authorities as it was when this was built, beside the given roots. For containers that have
    /// no list.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.webpki = true;
        self
    }

    /// Shows that certificate, followed by those that lead to its root, to a server that asks for one. Both in PEM; the key as PKCS 8,
    /// PKCS 1 or SEC 1, without a password.
    ///
    /// # Errors
    ///
    /// If there is no certificate or no key in it.
    pub fn client_pem(mut self, certificate: &[u8], key: &[u8]) -> Result<Self, InvalidEndpoint> {
        let chain = certificates(certificate, "client certificate")?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| InvalidEndpoint::tls(format!("the client key cannot be read: {error}")))?;
        self.client = Some(Arc::new(Client { chain, key }));
        Ok(self)
    }

    /// For an endpoint without a `Tls` of its own.
    pub(crate) fn system() -> io::Result<ClientConfig> {
        Tls::new().config().map_err(io::Error::other)
    }

    pub(crate) fn config(self) -> Result<ClientConfig, InvalidEndpoint> {
        let unusable = |error: rustls::Error| InvalidEndpoint::tls(error.to_string());
        // Given, as there may be none for the process, or two that nobody has chosen from.
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
            // Some lists have certificates that nobody can read; the others count.
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

/// Leaves out what is in the certificates and the key.
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
        Ok(_) => Err(InvalidEndpoint::tls(format!("there is no certificate in the {of}"))),
        Err(error) => Err(InvalidEndpoint::tls(format!("the {of} cannot be read: {error}"))),
    }
}

//! Trusted root certificates, and the client certificate.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};

use super::invalid_endpoint::InvalidEndpoint;
use super::own_root::OwnRoots;

/// The root certificates that a connection trusts, and the client certificate that it presents. TLS 1.2 and 1.3, by rustls with ring.
///
/// Without root certificates, those of the operating system are trusted. The server's certificate must be valid for the endpoint's host,
/// by name or by IP address. A self-signed certificate of a server can be its own root.
///
/// Certificates can be given as bytes or as files. Files are read again for each new connection, so a certificate that is replaced on the
/// disk needs no restart. If a new file cannot be used, the last certificates stay in use, with a warning in `log`.
///
/// ```no_run
/// use opentracing_reporter::{Endpoint, Otlp, Tls};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = Tls::new().roots_file("ca.pem")?.client_certificate_files("client.pem", "client.key")?;
/// let endpoint: Endpoint = "https://collector.internal:4318".parse()?;
/// let otlp = Otlp::http(endpoint.tls(tls)?)?;
/// # let _ = otlp;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "does nothing until an endpoint uses it"]
pub struct Tls {
    roots: Vec<Pem>,
    native: bool,
    #[cfg(feature = "webpki-roots")]
    webpki: bool,
    /// The certificate and its key.
    client: Option<(Pem, Pem)>,
}

/// Where a PEM text comes from.
#[derive(Clone)]
enum Pem {
    Given(Arc<[u8]>),
    File(Arc<Path>),
}

/// The PEM texts at one moment.
#[derive(PartialEq, Eq)]
pub(super) struct Certificates {
    roots: Vec<Vec<u8>>,
    client: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Trusts the operating system's root certificates, and presents no client certificate.
    pub fn new() -> Self {
        Tls {
            roots: Vec::new(),
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
    pub fn roots_pem(self, pem: &[u8]) -> Result<Self, InvalidEndpoint> {
        self.roots(Pem::Given(pem.into()))
    }

    /// Trusts the PEM certificates in a file, like [`roots_pem`](Tls::roots_pem). The file is read again for each new connection.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, contains no certificate, or an unreadable one.
    pub fn roots_file(self, file: impl Into<PathBuf>) -> Result<Self, InvalidEndpoint> {
        self.roots(Pem::File(file.into().into()))
    }

    fn roots(mut self, pem: Pem) -> Result<Self, InvalidEndpoint> {
        add_roots(&mut RootCertStore::empty(), &parse_roots(&pem.read("the root certificates")?)?)?;
        self.roots.push(pem);
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
    /// If `certificate` contains no certificate, `key` no key, or that of another certificate.
    pub fn client_certificate_pem(self, certificate: &[u8], key: &[u8]) -> Result<Self, InvalidEndpoint> {
        self.client(Pem::Given(certificate.into()), Pem::Given(key.into()))
    }

    /// Presents the client certificate in these files, like [`client_certificate_pem`](Tls::client_certificate_pem). The files are read
    /// again for each new connection.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, `certificate` contains no certificate, or `key` not the key of it.
    pub fn client_certificate_files(
        self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, InvalidEndpoint> {
        self.client(Pem::File(certificate.into().into()), Pem::File(key.into().into()))
    }

    fn client(mut self, certificate: Pem, key: Pem) -> Result<Self, InvalidEndpoint> {
        parse_client(&certificate.read(CLIENT_CERTIFICATE)?, &key.read(CLIENT_KEY).map_err(InvalidEndpoint::of_key)?)?;
        self.client = Some((certificate, key));
        Ok(self)
    }

    /// Whether the operating system's root certificates are trusted.
    pub(super) fn trusts_system(&self) -> bool {
        #[cfg(feature = "webpki-roots")]
        if self.webpki {
            return self.native;
        }
        self.native || self.roots.is_empty()
    }

    /// The certificates in the files of now.
    pub(super) fn read(&self) -> Result<Certificates, InvalidEndpoint> {
        let read = |pem: &Pem, what| pem.read(what).map(Cow::into_owned);
        let roots = self.roots.iter().map(|root| read(root, "the root certificates")).collect::<Result<_, _>>()?;
        let client = match &self.client {
            Some((certificate, key)) => Some((read(certificate, CLIENT_CERTIFICATE)?, read(key, CLIENT_KEY)?)),
            None => None,
        };
        Ok(Certificates { roots, client })
    }

    /// The configuration with these certificates, and with those of the operating system if they are trusted.
    pub(super) fn config(&self, certificates: &Certificates) -> Result<ClientConfig, InvalidEndpoint> {
        let unusable = |error: &dyn fmt::Display| InvalidEndpoint::tls(error.to_string());
        let mut own = Vec::new();
        for pem in &certificates.roots {
            own.extend(parse_roots(pem)?);
        }
        let roots = self.store(&own)?;
        // Named explicitly: the process may have no default provider, or two without a choice.
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let verifier = OwnRoots { inner: verifier.build().map_err(|error| unusable(&error))?, roots: own };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        match &certificates.client {
            Some((certificate, key)) => {
                let client = parse_client(certificate, key)?;
                Ok(config.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(client))))
            }
            None => Ok(config.with_no_client_auth()),
        }
    }

    fn store(&self, own: &[CertificateDer<'static>]) -> Result<RootCertStore, InvalidEndpoint> {
        let mut store = RootCertStore::empty();
        add_roots(&mut store, own)?;
        #[cfg(feature = "webpki-roots")]
        if self.webpki {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if self.trusts_system() {
            // Some lists contain unreadable certificates. They are skipped.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if store.is_empty() {
            return Err(InvalidEndpoint::tls("the operating system has no root certificates".to_owned()));
        }
        Ok(store)
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
            .field("roots", &self.roots.len())
            .field("has_client_certificate", &self.client.is_some())
            .finish_non_exhaustive()
    }
}

impl Pem {
    fn read(&self, what: &str) -> Result<Cow<'_, [u8]>, InvalidEndpoint> {
        match self {
            Pem::Given(pem) => Ok(Cow::Borrowed(pem)),
            Pem::File(file) => std::fs::read(file)
                .map(Cow::Owned)
                .map_err(|error| InvalidEndpoint::tls(format!("{what} in {} cannot be read: {error}", file.display()))),
        }
    }
}

const CLIENT_CERTIFICATE: &str = "the client certificate";
const CLIENT_KEY: &str = "the client key";

fn parse_roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidEndpoint> {
    parse_certificates(pem, "root certificates")
}

fn parse_certificates(pem: &[u8], of: &str) -> Result<Vec<CertificateDer<'static>>, InvalidEndpoint> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(InvalidEndpoint::tls(format!("the {of} contain no certificate"))),
        Err(error) => Err(InvalidEndpoint::tls(format!("the {of} cannot be read: {error}"))),
    }
}

fn add_roots(store: &mut RootCertStore, roots: &[CertificateDer<'static>]) -> Result<(), InvalidEndpoint> {
    roots.iter().try_for_each(|root| {
        let unusable = |error| InvalidEndpoint::tls(format!("a root certificate cannot be used: {error}"));
        store.add(root.clone()).map_err(unusable)
    })
}

fn parse_client(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, InvalidEndpoint> {
    let chain = parse_certificates(certificate, "client certificates")?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| InvalidEndpoint::tls(format!("{CLIENT_KEY} cannot be read: {error}")).of_key())?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            InvalidEndpoint::tls(format!("{CLIENT_KEY} is not that of the client certificate")).of_key()
        }
        error => InvalidEndpoint::tls(format!("the client certificate cannot be used: {error}")),
    })
}

//! TLS: trusted and untrusted servers, client certificates.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, Endpoint, Otlp, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::otlp::spans::TestResult;
use crate::support::service::{Service, Version};
use crate::support::transports::{NEVER, PATIENCE, finish_spans};

/// Signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Authority(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn sign(&self, name: &str) -> Result<Identity, rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &self.0)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// A server with this identity. It requires a client certificate of the authority, if there is one.
fn server(
    identity: &Identity,
    clients: Option<&Authority>,
    version: Version,
) -> Result<Service, Box<dyn std::error::Error>> {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes())?)?;
            config.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?,
            )
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes())?];
    let mut config = config.with_single_cert(chain, PrivateKeyDer::from_pem_slice(identity.key.as_bytes())?)?;
    config.alpn_protocols = vec![match version {
        Version::Http1 => b"http/1.1".to_vec(),
        Version::Http2 => b"h2".to_vec(),
    }];
    Ok(Service::start(version, Some(config), [])?)
}

fn tracer(service: &Service, tls: Tls, version: Version) -> Result<Tracer, Box<dyn std::error::Error>> {
    let endpoint: Endpoint = format!("https://{}", service.address).parse()?;
    let endpoint = endpoint.tls(tls)?;
    let otlp = if version == Version::Http1 { Otlp::http(endpoint)? } else { Otlp::grpc(endpoint)? };
    Ok(Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER)))
}

#[test]
fn trusts_the_given_root_certificates() -> TestResult {
    let authority = Authority::new()?;
    for version in [Version::Http1, Version::Http2] {
        let service = server(&authority.sign("127.0.0.1")?, None, version)?;
        let tracer = tracer(&service, Tls::new().roots_pem(authority.pem().as_bytes())?, version)?;
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
        assert_eq!(service.count(), 1);
    }
    Ok(())
}

#[test]
fn refuses_an_untrusted_server() -> TestResult {
    let (authority, untrusted) = (Authority::new()?, Authority::new()?);
    let trusted = || Tls::new().roots_pem(authority.pem().as_bytes());
    let rows = [
        ("of another authority", untrusted.sign("127.0.0.1")?, trusted()?),
        ("of another name", authority.sign("collector.example")?, trusted()?),
        #[cfg(feature = "webpki-roots")]
        ("of an authority that Mozilla does not know", authority.sign("127.0.0.1")?, Tls::new().webpki_roots()),
    ];
    for (name, identity, tls) in rows {
        let service = server(&identity, None, Version::Http1)?;
        let tracer = tracer(&service, tls, Version::Http1)?;
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(Duration::from_millis(100)), Err(FlushError::Timeout), "{name}");
        assert_eq!(service.count(), 0, "{name}");
        assert!(tracer.stats().transports[0].failed_requests > 0, "{name}");
        assert_eq!(tracer.close(Duration::ZERO), Err(FlushError::Timeout), "{name}: what is left is not waited for");
    }
    Ok(())
}

#[test]
fn presents_a_client_certificate_on_request() -> TestResult {
    let (authority, untrusted) = (Authority::new()?, Authority::new()?);
    let roots = || Tls::new().roots_pem(authority.pem().as_bytes());
    let with =
        |client: &Identity| roots()?.client_certificate_pem(client.certificate.as_bytes(), client.key.as_bytes());
    let rows = [
        ("the right one", with(&authority.sign("shop")?)?, true),
        ("that of an untrusted authority", with(&untrusted.sign("shop")?)?, false),
        ("none", roots()?, false),
    ];
    for (name, tls, is_welcome) in rows {
        let service = server(&authority.sign("127.0.0.1")?, Some(&authority), Version::Http2)?;
        let tracer = tracer(&service, tls, Version::Http2)?;
        finish_spans(&tracer, 2);
        let limit = if is_welcome { PATIENCE } else { Duration::from_millis(100) };
        assert_eq!(tracer.flush(limit).is_ok(), is_welcome, "{name}");
        assert_eq!(service.count(), usize::from(is_welcome), "{name}");
        assert_eq!(tracer.close(Duration::ZERO).is_ok(), is_welcome, "{name}: what is left is not waited for");
    }
    Ok(())
}

#[test]
fn refuses_unreadable_certificates() -> TestResult {
    let identity = Authority::new()?.sign("shop")?;
    let broken = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
    let rows = [
        ("roots", Tls::new().roots_pem(b"none"), "the root certificates contain no certificate"),
        ("broken roots", Tls::new().roots_pem(broken.as_bytes()), "the root certificates cannot be read: "),
        (
            "chain",
            Tls::new().client_certificate_pem(b"", identity.key.as_bytes()),
            "the client certificates contain no certificate",
        ),
        (
            "key",
            Tls::new().client_certificate_pem(identity.certificate.as_bytes(), b""),
            "the client key cannot be read: ",
        ),
    ];
    for (name, tls, expected) in rows {
        let error = tls.expect_err(name).to_string();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
    let other = Authority::new()?.sign("shop")?;
    let mixed = Tls::new().client_certificate_pem(identity.certificate.as_bytes(), other.key.as_bytes())?;
    assert!("https://127.0.0.1".parse::<Endpoint>()?.tls(mixed).is_err(), "the key is not that of the certificate");
    Ok(())
}

/// The environment names files. An unusable one is ignored with a warning.
#[cfg(feature = "env")]
#[test]
fn reads_certificates_named_by_the_environment() -> TestResult {
    let authority = Authority::new()?;
    let client = authority.sign("shop")?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, text: &str| -> Result<String, Box<dyn std::error::Error>> {
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path.into_os_string().into_string().map_err(|_| "a path that is no text")?)
    };
    let (roots, certificate, key) =
        (file("roots", &authority.pem())?, file("certificate", &client.certificate)?, file("key", &client.key)?);
    for (version, protocol) in [(Version::Http1, "http/protobuf"), (Version::Http2, "grpc")] {
        let service = server(&authority.sign("127.0.0.1")?, Some(&authority), version)?;
        // For gRPC the scheme may be missing. Then `https` is the default.
        let address = match version {
            Version::Http1 => format!("https://{}", service.address),
            Version::Http2 => service.address.to_string(),
        };
        let variables = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &address),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", &roots),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &certificate),
            ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", &key),
        ];
        let read = |variables: &[(&str, &str)]| {
            opentracing_reporter::EnvConfig::new(&|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(read(&variables).warnings(), [], "{protocol}");
        let (tracer, guard) = read(&variables).start()?;
        finish_spans(&tracer, 2);
        assert_eq!(guard.close(PATIENCE), Ok(()), "{protocol}");
        assert_eq!(service.count(), 1, "{protocol}");

        let warnings = |wrong: &[(&str, &str)]| {
            let read = read(&[&variables[..3], wrong].concat());
            read.warnings().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            warnings(&[("OTEL_EXPORTER_OTLP_CLIENT_KEY", &key)]),
            ["OTEL_EXPORTER_OTLP_CLIENT_KEY is set without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: using neither"]
        );
        let missing = [("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/nowhere"), ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &*key)];
        let [unread, alone] = <[String; 2]>::try_from(warnings(&missing)).map_err(|_| "two warnings")?;
        assert!(
            unread.starts_with("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE is \"/nowhere\", which cannot be read"),
            "{unread}"
        );
        assert!(alone.starts_with("OTEL_EXPORTER_OTLP_CLIENT_KEY is set without"), "{alone}");
    }
    Ok(())
}

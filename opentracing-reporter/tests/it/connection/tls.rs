//! TLS: trusted and untrusted servers, client certificates.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, Endpoint, Otlp, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::first_error;
use super::proxy::TunnelProxy;
use crate::otlp::spans::TestResult;
use crate::support::service::{Answer, Service, Version};
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
    server_answering(identity, clients, version, Vec::new())
}

fn server_answering(
    identity: &Identity,
    clients: Option<&Authority>,
    version: Version,
    answers: Vec<Answer>,
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
    Ok(Service::start(version, Some(config), answers)?)
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
    let mixed = Tls::new().client_certificate_pem(identity.certificate.as_bytes(), other.key.as_bytes());
    let error = mixed.expect_err("the key is another certificate's");
    assert_eq!(error.to_string(), "the client key is not that of the client certificate");
    let error = Tls::new().roots_file("/nowhere/ca.pem").expect_err("there is no such file");
    assert!(error.to_string().starts_with("the root certificates in /nowhere/ca.pem cannot be read: "), "{error}");
    Ok(())
}

/// `openssl req -x509` makes certificates of authorities.
#[test]
fn accepts_a_self_signed_server_that_is_its_own_root() -> TestResult {
    let own = |name: &str, is_ca| -> Result<Identity, Box<dyn std::error::Error>> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.is_ca = if is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        Ok(Identity { certificate: params.self_signed(&key)?.pem(), key: key.serialize_pem() })
    };
    for (name, is_ca) in [("CA:TRUE", true), ("CA:FALSE", false)] {
        let identity = own("127.0.0.1", is_ca)?;
        let service = server(&identity, None, Version::Http1)?;
        let tracer = tracer(&service, Tls::new().roots_pem(identity.certificate.as_bytes())?, Version::Http1)?;
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{name}: {:?}", tracer.stats().transports[0].last_error);
    }
    let wrong_name = own("collector.example", true)?;
    let other = own("127.0.0.1", true)?;
    let authority = Authority::new()?;
    let rows = [
        ("another name", &wrong_name, &wrong_name.certificate, "certificate not valid for name \"127.0.0.1\""),
        (
            "another certificate",
            &own("127.0.0.1", true)?,
            &other.certificate,
            "the certificate of an authority (CA:TRUE)",
        ),
        ("another authority", &authority.sign("127.0.0.1")?, &other.certificate, "OTEL_EXPORTER_OTLP_CERTIFICATE"),
        (
            "an authority of the same name",
            &authority.sign("127.0.0.1")?,
            &Authority::new()?.pem(),
            "the same name as a trusted root, but another key",
        ),
    ];
    for (name, identity, root, expected) in rows {
        let service = server(identity, None, Version::Http1)?;
        let endpoint: Endpoint = format!("https://{}", service.address).parse()?;
        let error = first_error(Otlp::http(endpoint.tls(Tls::new().roots_pem(root.as_bytes())?)?)?)?;
        assert!(error.contains(expected), "{name}: {error}");
        assert_eq!(service.count(), 0, "{name}");
    }
    Ok(())
}

#[test]
fn reads_certificates_again_when_they_change() -> TestResult {
    let (old, new) = (Authority::new()?, Authority::new()?);
    let folder = tempfile::tempdir()?;
    let [roots, certificate, key] = ["ca.pem", "client.pem", "client.key"].map(|name| folder.path().join(name));
    let write = |authority: &Authority| -> TestResult {
        let client = authority.sign("shop")?;
        std::fs::write(&roots, authority.pem())?;
        std::fs::write(&certificate, client.certificate)?;
        std::fs::write(&key, client.key)?;
        Ok(())
    };
    write(&old)?;
    // The server closes each connection, so every request needs a new one.
    let close = || Answer { status: 200, headers: vec![("connection", "close".to_owned())], ..Answer::default() };
    let service = server_answering(
        &new.sign("127.0.0.1")?,
        Some(&new),
        Version::Http1,
        std::iter::repeat_with(close).take(10).collect::<Vec<_>>(),
    )?;
    let tls = Tls::new().roots_file(&roots)?.client_certificate_files(&certificate, &key)?;
    let tracer = tracer(&service, tls, Version::Http1)?;
    finish_spans(&tracer, 2);
    while tracer.stats().transports.first().is_none_or(|stats| stats.failed_requests == 0) {
        assert_eq!(tracer.flush(Duration::from_millis(20)), Err(FlushError::Timeout));
    }
    write(&new)?;
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "the new certificates");
    // As in the middle of a replacement.
    std::fs::write(&key, old.sign("shop")?.key)?;
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "the last certificates that could be used");
    std::fs::remove_file(&roots)?;
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "the same without a file");
    assert_eq!(service.count(), 3);
    Ok(())
}

#[test]
fn says_what_is_wrong_with_an_address_of_the_other_scheme() -> TestResult {
    let plain = crate::support::collector::Collector::start([])?;
    let authority = Authority::new()?;
    let roots = Tls::new().roots_pem(authority.pem().as_bytes())?;
    let address = plain.url().replace("http", "https");
    let error = first_error(Otlp::http(address.parse::<Endpoint>()?.tls(roots)?)?)?;
    assert!(error.starts_with(&format!("no connection to {address}/v1/traces: ")), "{error}");
    assert!(error.contains("TLS"), "{error}");

    let secured = server(&authority.sign("127.0.0.1")?, None, Version::Http1)?;
    let address = format!("http://{}", secured.address);
    for (otlp, expected) in [(Otlp::http(&address)?, "TLS"), (Otlp::grpc(&address)?, "TLS")] {
        let error = first_error(otlp)?;
        assert!(error.contains(&address) && error.contains(expected), "{error}");
    }
    Ok(())
}

#[test]
fn opens_a_tunnel_for_https() -> TestResult {
    let authority = Authority::new()?;
    let service = server(&authority.sign("collector.example")?, None, Version::Http1)?;
    let proxy = TunnelProxy::start("200 OK", service.address)?;
    let roots = || Tls::new().roots_pem(authority.pem().as_bytes());
    let endpoint: Endpoint = "https://collector.example".parse()?;
    let otlp = Otlp::http(endpoint.tls(roots()?)?.proxy(&format!("http://{}", proxy.address))?)?;
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "{:?}", tracer.stats().transports[0].last_error);
    assert_eq!(proxy.next(), ["CONNECT collector.example:443 HTTP/1.1", "host: collector.example:443"]);
    assert_eq!(service.count(), 1);
    Ok(())
}

#[test]
fn a_check_names_tls_and_the_proxy() -> TestResult {
    let authority = Authority::new()?;
    let service = server(&authority.sign("127.0.0.1")?, None, Version::Http1)?;
    let proxy = TunnelProxy::start("200 OK", service.address)?;
    let endpoint: Endpoint = format!("https://{}", service.address).parse()?;
    let direct = endpoint.tls(Tls::new().roots_pem(authority.pem().as_bytes())?)?;
    let proxied = direct.clone().proxy(&format!("http://shop:geheim@{}", proxy.address))?;
    let untrusted = format!("https://{}", service.address).parse::<Endpoint>()?;
    let untrusted = untrusted.tls(Tls::new().roots_pem(Authority::new()?.pem().as_bytes())?)?;
    let reporter =
        BatchReporter::new(Otlp::http(direct)?).transport(Otlp::http(proxied)?).transport(Otlp::http(untrusted)?);
    let lines: Vec<_> = reporter.check(PATIENCE).iter().map(ToString::to_string).collect();
    let url = format!("https://{}/v1/traces", service.address);
    let expected = [
        format!("otlp: {url} accepts spans ({}, TLS 1.3, ", service.address),
        format!("otlp: {url} accepts spans (the proxy http://{0} at {0}, TLS 1.3, ", proxy.address),
        format!("otlp: failed: no connection to {url}: invalid peer certificate: BadSignature; the authority"),
    ];
    assert_eq!(lines.len(), expected.len());
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(&start), "{line}");
    }
    Ok(())
}

#[test]
fn connects_to_a_proxy_by_tls() -> TestResult {
    let authority = Authority::new()?;
    let proxy = server(&authority.sign("127.0.0.1")?, None, Version::Http1)?;
    let address: Endpoint = format!("https://{}", proxy.address).parse()?;
    let address = address.tls(Tls::new().roots_pem(authority.pem().as_bytes())?)?;
    let endpoint: Endpoint = "http://collector.example:4318".parse()?;
    let otlp = Otlp::http(endpoint.proxy(address)?)?;
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "{:?}", tracer.stats().transports[0].last_error);
    assert_eq!(proxy.next().headers["host"], "collector.example:4318");
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

#[cfg(feature = "env")]
#[test]
fn names_the_variable_with_the_key_of_another_certificate() -> TestResult {
    let authority = Authority::new()?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, text: String| -> Result<String, Box<dyn std::error::Error>> {
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path.into_os_string().into_string().map_err(|_| "a path that is no text")?)
    };
    let roots = file("roots", authority.pem())?;
    let certificate = file("certificate", authority.sign("shop")?.certificate)?;
    let (key, garbage) = (file("key", authority.sign("shop")?.key)?, file("garbage", "none".to_owned())?);
    let rows = [
        (
            ["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY"],
            [&certificate, &key],
            "OTEL_EXPORTER_OTLP_CLIENT_KEY is invalid (the client key is not that of the client certificate)",
        ),
        (
            ["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY"],
            [&certificate, &garbage],
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY is invalid (the client key cannot be read: no items found)",
        ),
        (
            ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY"],
            [&garbage, &key],
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE is invalid (the client certificates contain no certificate)",
        ),
    ];
    for (names, files, expected) in rows {
        let service = server(&authority.sign("127.0.0.1")?, None, Version::Http1)?;
        let address = format!("https://{}", service.address);
        let config = opentracing_reporter::EnvConfig::new(&|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(address.clone()),
            "OTEL_EXPORTER_OTLP_CERTIFICATE" => Some(roots.clone()),
            name => names.iter().zip(files).find(|(known, _)| **known == name).map(|(_, file)| file.clone()),
        });
        let warnings: Vec<_> = config.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings, [format!("{expected}: using no client certificate")]);
        let (tracer, guard) = config.start()?;
        finish_spans(&tracer, 2);
        assert_eq!(guard.close(PATIENCE), Ok(()), "{expected}: the private root is still trusted");
    }
    Ok(())
}

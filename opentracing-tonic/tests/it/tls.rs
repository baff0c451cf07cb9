//! TLS: a traced channel and server as any other.

use opentracing_core::mock::MockTracer;
use opentracing_tonic::{TracingClientLayer, TracingLayer};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};

use crate::echo::{Echo, EchoClient};
use crate::support::{Fixture, check_tags, listen, log_field};

struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Authority { certificate, issuer: Issuer::new(params, key) }
    }

    fn identity(&self) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::from_pem(certificate.pem(), key.serialize_pem())
    }
}

async fn serve(authority: &Authority) -> Fixture {
    let (mock, (listener, address)) = (MockTracer::new(), listen().await);
    let tls = ServerTlsConfig::new().identity(authority.identity());
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let router = Server::builder().tls_config(tls).unwrap().layer(layer).add_service(Echo::new(mock.tracer().clone()));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    Fixture { mock, address }
}

/// An endpoint that trusts this authority only.
fn endpoint(fixture: &Fixture, trusted: &Authority) -> Endpoint {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&trusted.certificate));
    let url = format!("https://localhost:{}", fixture.address.port());
    Endpoint::from_shared(url).unwrap().tls_config(tls).unwrap()
}

#[tokio::test]
async fn an_endpoint_with_tls_is_traced_as_any_other() {
    let authority = Authority::new();
    let fixture = serve(&authority).await;
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let channel = layer.connect(endpoint(&fixture, &authority)).await.unwrap();
    EchoClient::new(channel).unary("hello").await.unwrap();
    let (client, server) = fixture.spans(3).await;
    assert_eq!(server.parent_id, Some(client.context.span_id()));
    let port = fixture.address.port().to_string();
    check_tags(&client, &[("peer.hostname", "localhost"), ("peer.port", &port), ("rpc.status_code", "OK")]);
    check_tags(&server, &[("peer.ipv4", "127.0.0.1"), ("rpc.status_code", "OK"), ("error", "")]);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_a_failed_call() {
    let fixture = serve(&Authority::new()).await;
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let channel = layer.connect_lazy(endpoint(&fixture, &Authority::new())).unwrap();
    let status = EchoClient::new(channel).unary("hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let span = fixture.mock.finished(1).await.remove(0);
    check_tags(&span, &[("rpc.status_code", "UNAVAILABLE"), ("error", "true"), ("peer.hostname", "localhost")]);
    assert_eq!(log_field(&span, "error.kind"), "UNAVAILABLE");
    // The server never saw a call.
    assert_eq!(fixture.mock.finished_spans().len(), 1);
}

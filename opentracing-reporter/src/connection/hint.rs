//! What is probably wrong with an address, by what answers there.

use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::endpoint::Endpoint;
use super::protocol::{Protocol, Response};

/// What a failed response says about the address.
pub(super) fn about(response: &Response, endpoint: &Endpoint, protocol: Protocol) -> Option<String> {
    let status = response.status;
    // The answers of an overloaded server, or of a proxy whose server is away.
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    if protocol.is_grpc() {
        let has_status = [&response.headers, &response.trailers].iter().any(|from| from.contains_key("grpc-status"));
        return (!has_status).then(|| format!("{endpoint} does not answer as a gRPC server; is it the right address?"));
    }
    match status {
        // An Instana agent answers so while it starts.
        _ if matches!(protocol, Protocol::Agent) => None,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if endpoint.path.matches(TRACES).count() > 1 => {
            Some(format!("{endpoint} contains {TRACES} twice; OTEL_EXPORTER_OTLP_ENDPOINT takes an address without it"))
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            let question = match endpoint.usual_path {
                "" => "is the path right?".to_owned(),
                usual if without_query(usual) == without_query(&endpoint.path) => {
                    "is it the right server and port?".to_owned()
                }
                usual => format!("is the path right? Usually it is {usual}"),
            };
            Some(format!("the server does not know {endpoint}; {question}"))
        }
        // Go's `net/http` and nginx say so in different words.
        StatusCode::BAD_REQUEST if !endpoint.is_tls && says_https(&response.body) => {
            Some(format!("{endpoint} is a port for TLS; use https:// instead of http://"))
        }
        _ if is_web_page(response) => {
            Some(format!("{endpoint} answers with a web page; is it the address of a collector, or of a login page?"))
        }
        _ => None,
    }
}

/// What it means that the server speaks another protocol.
pub(super) fn about_protocol(endpoint: &Endpoint, protocol: Protocol) -> String {
    if protocol.is_grpc() {
        let https = if endpoint.is_tls { "" } else { " and without TLS" };
        let port = grpc_port(endpoint);
        format!("{endpoint} does not speak HTTP/2; is it a port for gRPC{https}?{port}")
    } else {
        let https = if endpoint.is_tls { "" } else { " or TLS" };
        let port = if endpoint.usual_path == TRACES { " OTLP over HTTP usually has the port 4318" } else { "" };
        format!("{endpoint} does not speak HTTP/1.1; is it a port for gRPC{https}?{port}")
    }
}

/// What it may mean that the server closes a new connection without an answer. Servers with TLS, and some with HTTP/1.1 alone, do so when
/// they read HTTP/2 without TLS.
pub(super) fn about_closed(endpoint: &Endpoint, protocol: Protocol) -> String {
    if protocol.is_grpc() && !endpoint.is_tls {
        format!("; does it expect TLS (https://)?{}", grpc_port(endpoint))
    } else {
        String::new()
    }
}

/// Where gRPC usually is, if the method is one of OTLP.
fn grpc_port(endpoint: &Endpoint) -> &'static str {
    if endpoint.path.contains("opentelemetry") { " OTLP over gRPC usually has the port 4317" } else { "" }
}

/// What a failed TLS handshake says about the address or the certificates.
#[cfg(feature = "tls")]
pub(super) fn about_tls(error: &std::io::Error, endpoint: &Endpoint) -> Option<String> {
    use rustls::{AlertDescription, CertificateError, Error};

    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return Some(format!("does {} speak TLS?", endpoint.origin()));
    }
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidMessage(_) => Some(format!("{} does not speak TLS; is it an http:// address?", endpoint.origin())),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Some(
            "the authority that signed the server's certificate is not trusted: add its certificate to `Tls`, or name its file in \
             OTEL_EXPORTER_OTLP_CERTIFICATE"
                .to_owned(),
        ),
        Error::InvalidCertificate(CertificateError::BadSignature) => Some(
            "the authority that signed the server's certificate has the same name as a trusted root, but another key".to_owned(),
        ),
        // This one has no name in rustls.
        Error::InvalidCertificate(other @ CertificateError::Other(_)) if format!("{other:?}").contains("CaUsed") => Some(
            "the server presents the certificate of an authority (CA:TRUE), which is accepted only if exactly that certificate is \
             among the trusted roots"
                .to_owned(),
        ),
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::HandshakeFailure,
        ) => Some("does the server require a client certificate?".to_owned()),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            Some("the server speaks another protocol: OTLP has a port for HTTP and one for gRPC".to_owned())
        }
        _ => None,
    }
}

fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// Whether a server says that it expects TLS.
fn says_https(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    ["to an HTTPS server", "sent to HTTPS port"].iter().any(|words| body.contains(words))
}

/// Whether the response is an HTML page, which no collector sends.
pub(super) fn is_web_page(response: &Response) -> bool {
    let media_type = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.trim_start().to_ascii_lowercase().starts_with("text/html")
        && response.body.trim_ascii().starts_with(b"<")
}

const TRACES: &str = "/v1/traces";

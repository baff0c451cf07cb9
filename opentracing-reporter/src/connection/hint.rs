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
            Some(format!("the server does not know {endpoint}; is the path right?"))
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
        format!("{endpoint} does not speak HTTP/2; OTLP over gRPC usually has the port 4317")
    } else {
        format!("{endpoint} does not speak HTTP/1.1; is it a port for gRPC? OTLP over HTTP usually has the port 4318")
    }
}

/// Whether the response is an HTML page, which no collector sends.
pub(super) fn is_web_page(response: &Response) -> bool {
    let media_type = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.trim_start().to_ascii_lowercase().starts_with("text/html")
        && response.body.trim_ascii().starts_with(b"<")
}

const TRACES: &str = "/v1/traces";

//! Tunnels through an HTTP proxy.

use bytes::Bytes;
use http::Request;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::BoxError;
use super::dial::BoxStream;

/// Asks the proxy at the other end of the stream to connect to `target`, which is host and port (RFC 9110, section 9.3.6).
pub(super) async fn open(
    stream: BoxStream,
    target: &str,
    credentials: Option<&HeaderValue>,
) -> Result<BoxStream, BoxError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the tunnel.
    tokio::spawn(connection.with_upgrades());
    let mut request = Request::connect(target).header(HOST, target).body(Empty::<Bytes>::new())?;
    if let Some(credentials) = credentials {
        request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
    }
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(format!("the proxy answered {}", response.status()).into());
    }
    Ok(Box::new(TokioIo::new(hyper::upgrade::on(response).await?)))
}

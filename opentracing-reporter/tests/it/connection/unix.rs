//! Unix sockets.

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Otlp};

use crate::otlp::spans::TestResult;
use crate::support::collector::Collector;
use crate::support::relay::relay;
use crate::support::service::{Service, Version};
use crate::support::transports::{NEVER, PATIENCE, finish_spans};

/// Listens at the socket, and forwards its connections to the server at this address.
fn forward(socket: &Path, server: SocketAddr) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    std::thread::spawn(move || {
        listener.incoming().flatten().try_for_each(|stream: UnixStream| relay(stream.try_clone()?, stream, server))
    });
    Ok(())
}

#[test]
fn sends_over_http_to_a_unix_socket() -> TestResult {
    let (collector, folder) = (Collector::start([])?, tempfile::tempdir()?);
    let socket = folder.path().join("http.sock");
    forward(&socket, collector.address())?;
    for (suffix, line) in
        [("", "POST /v1/traces HTTP/1.1"), (":/v1/spans?tenant=shop", "POST /v1/spans?tenant=shop HTTP/1.1")]
    {
        let otlp = Otlp::http(&format!("unix://{}{suffix}", socket.display()))?;
        let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{suffix}");
        let got = collector.next();
        assert_eq!((&*got.line, got.header("host")), (line, Some("localhost")), "{suffix}");
    }
    Ok(())
}

#[test]
fn sends_over_grpc_to_a_unix_socket() -> TestResult {
    let (service, folder) = (Service::start(Version::Http2, None, [])?, tempfile::tempdir()?);
    let socket = folder.path().join("grpc.sock");
    forward(&socket, service.address)?;
    let otlp = Otlp::grpc(&format!("unix:{}", socket.display()))?;
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(service.next().path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    Ok(())
}

#[test]
fn names_a_socket_that_does_not_exist() -> TestResult {
    let folder = tempfile::tempdir()?;
    let address = format!("unix://{}", folder.path().join("none.sock").display());
    let otlp = Otlp::http(&address)?;
    let error = crate::connection::first_error(otlp)?;
    assert!(error.starts_with(&format!("no connection to {address}:/v1/traces: ")), "{error}");
    Ok(())
}

#[cfg(feature = "env")]
#[test]
fn takes_a_unix_socket_from_the_environment() -> TestResult {
    for (protocol, version) in [("http/protobuf", Version::Http1), ("grpc", Version::Http2)] {
        let (service, folder) = (Service::start(version, None, [])?, tempfile::tempdir()?);
        let socket = folder.path().join("otlp.sock");
        forward(&socket, service.address)?;
        let address = format!("unix://{}", socket.display());
        let config = opentracing_reporter::EnvConfig::new(&|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(address.clone()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some(protocol.to_owned()),
            _ => None,
        });
        assert_eq!(config.warnings(), [], "{protocol}");
        let (tracer, guard) = config.start()?;
        finish_spans(&tracer, 2);
        assert_eq!(guard.close(PATIENCE), Ok(()), "{protocol}");
        assert_eq!(service.count(), 1, "{protocol}");
    }
    Ok(())
}

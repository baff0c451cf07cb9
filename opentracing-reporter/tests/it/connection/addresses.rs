//! Hosts with several addresses.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Endpoint, Otlp};
use tokio::net::TcpSocket;

use super::first_error;
use crate::otlp::spans::TestResult;
use crate::support::collector::Collector;
use crate::support::service::{Service, Version};
use crate::support::transports::{NEVER, PATIENCE, finish_spans};

/// A listener that neither accepts nor refuses connections, since its backlog is full.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let _context = runtime.enter();
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 0, 2), 0).into())?;
        let listener = socket.listen(0)?.into_std()?;
        let address = listener.local_addr()?;
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(50)).ok();
        let waiting = std::iter::from_fn(connect).collect();
        Ok(BlackHole { address, _listener: listener, _waiting: waiting })
    }
}

/// An address of 127.0.0.1 at which nobody listens.
fn closed() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

fn named(addresses: impl IntoIterator<Item = SocketAddr>) -> Result<Endpoint, Box<dyn std::error::Error>> {
    Ok("http://collector.example:4318".parse::<Endpoint>()?.resolve(addresses))
}

#[test]
fn tries_the_next_address_while_the_first_does_not_answer() -> TestResult {
    let hole = BlackHole::new()?;
    let (collector, service) = (Collector::start([])?, Service::start(Version::Http2, None, [])?);
    let http = Otlp::http(named([hole.address, closed()?, hole.address, collector.address()])?)?;
    let grpc = Otlp::grpc(named([hole.address, service.address])?)?;
    for otlp in [http, grpc] {
        let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
        assert_eq!(tracer.stats().transports[0].failed_requests, 0);
    }
    assert_eq!(collector.next().header("host"), Some("collector.example:4318"));
    assert_eq!(service.count(), 1);
    Ok(())
}

#[test]
fn tries_both_families() -> TestResult {
    let collector = Collector::start([])?;
    // Refused where the system has IPv6, unreachable elsewhere.
    let v6: SocketAddr = format!("[::1]:{}", closed()?.port()).parse()?;
    for addresses in [[v6, v6, collector.address()], [collector.address(), v6, v6]] {
        let otlp = Otlp::http(named(addresses)?)?;
        let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
    }
    Ok(())
}

/// On many systems the name has an IPv6 address too, at which the collector does not listen.
#[test]
fn looks_names_up() -> TestResult {
    let collector = Collector::start([])?;
    let otlp = Otlp::http(&format!("http://localhost:{}", collector.address().port()))?;
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "{:?}", tracer.stats().transports[0].last_error);
    assert_eq!(tracer.stats().transports[0].failed_requests, 0);
    Ok(())
}

#[test]
fn names_every_address_that_fails() -> TestResult {
    let (first, second) = (closed()?, closed()?);
    let error = first_error(Otlp::http(named([first, second])?)?)?;
    let expected = format!("no connection to http://collector.example:4318/v1/traces: {first}: ");
    assert!(error.starts_with(&expected) && error.contains(&format!(", {second}: ")), "{error}");

    let error = first_error(Otlp::http(named([])?)?)?;
    assert_eq!(error, "no connection to http://collector.example:4318/v1/traces: the name has no address");
    Ok(())
}

#[test]
fn says_which_step_of_a_connection_takes_too_long() -> TestResult {
    let hole = BlackHole::new()?;
    let otlp = Otlp::http(named([hole.address])?)?.timeout(Duration::from_millis(20));
    assert_eq!(
        first_error(otlp)?,
        "no connection to http://collector.example:4318/v1/traces: no address accepts a connection within 20ms"
    );
    Ok(())
}

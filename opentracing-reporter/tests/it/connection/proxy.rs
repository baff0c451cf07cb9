//! HTTP proxies.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Endpoint, Otlp};

use super::first_error;
use crate::otlp::spans::TestResult;
use crate::support::collector::{Collector, Reply};
use crate::support::relay::relay;
use crate::support::service::{Service, Version};
use crate::support::transports::{NEVER, PATIENCE, finish_spans};

/// A proxy that opens tunnels to one server, whatever the target is, or answers with another status.
pub(crate) struct TunnelProxy {
    pub(crate) address: SocketAddr,
    heads: Receiver<Vec<String>>,
}

impl TunnelProxy {
    pub(crate) fn start(status: &'static str, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (sender, heads) = channel();
        std::thread::spawn(move || {
            listener.incoming().flatten().try_for_each(|stream| tunnel(stream, status, server, &sender))
        });
        Ok(TunnelProxy { address, heads })
    }

    /// The head of the next request, with sorted headers.
    pub(crate) fn next(&self) -> Vec<String> {
        let mut head = self.heads.recv_timeout(PATIENCE).expect("a request arrives");
        head[1..].sort();
        head
    }
}

fn tunnel(stream: TcpStream, status: &str, server: SocketAddr, heads: &Sender<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let head = reader.by_ref_lines()?;
    // The test may already have ended.
    let _ = heads.send(head);
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\n\r\n")?;
    if status.starts_with("200") { relay(reader, stream, server) } else { Ok(()) }
}

/// Reads a head.
trait Lines {
    fn by_ref_lines(&mut self) -> io::Result<Vec<String>>;
}

impl<R: BufRead> Lines for R {
    fn by_ref_lines(&mut self) -> io::Result<Vec<String>> {
        self.lines().take_while(|line| line.as_ref().map_or(true, |line| !line.is_empty())).collect()
    }
}

fn send(otlp: Otlp) {
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "{:?}", tracer.stats().transports[0].last_error);
}

#[test]
fn asks_a_proxy_to_forward_http() -> TestResult {
    let proxy = Collector::start([])?;
    let endpoint: Endpoint = "http://collector.example:4318".parse()?;
    let with_user = proxy.url().replace("//", "//shop:geheim@");
    let rows = [
        ("no credentials", endpoint.clone().proxy(&proxy.url())?, None),
        ("in the address", endpoint.clone().proxy(&with_user)?, Some("Basic c2hvcDpnZWhlaW0=")),
        (
            "by code",
            endpoint.proxy(proxy.url().parse::<Endpoint>()?.basic_auth("shop", "geheim")?)?,
            Some("Basic c2hvcDpnZWhlaW0="),
        ),
    ];
    for (name, endpoint, credentials) in rows {
        let otlp = Otlp::http(endpoint.bearer_auth("token")?)?;
        assert!(!format!("{otlp:?}").contains("geheim"), "{name}: {otlp:?}");
        send(otlp);
        let got = proxy.next();
        assert_eq!(got.line, "POST http://collector.example:4318/v1/traces HTTP/1.1", "{name}");
        assert_eq!(got.header("host"), Some("collector.example:4318"), "{name}");
        assert_eq!(got.header("proxy-authorization"), credentials, "{name}");
        assert_eq!(got.header("authorization"), Some("Bearer token"), "{name}: that of the server");
    }
    Ok(())
}

#[test]
fn opens_a_tunnel_for_grpc() -> TestResult {
    let service = Service::start(Version::Http2, None, [])?;
    let proxy = TunnelProxy::start("200 Connection established", service.address)?;
    let endpoint: Endpoint = "http://collector.example:4317".parse()?;
    send(Otlp::grpc(endpoint.proxy(&format!("http://shop:geheim@{}", proxy.address))?)?);
    assert_eq!(
        proxy.next(),
        [
            "CONNECT collector.example:4317 HTTP/1.1",
            "host: collector.example:4317",
            "proxy-authorization: Basic c2hvcDpnZWhlaW0="
        ]
    );
    assert!(!service.next().headers.contains_key("proxy-authorization"), "the server must not see it");
    Ok(())
}

#[test]
fn names_the_proxy_that_refuses() -> TestResult {
    let server = Collector::start([])?;
    let tunnels = TunnelProxy::start("403 Forbidden", server.address())?;
    let endpoint: Endpoint = "http://collector.example:4317".parse()?;
    let error = first_error(Otlp::grpc(endpoint.clone().proxy(&format!("http://{}", tunnels.address))?)?)?;
    assert!(error.starts_with("no connection to http://collector.example:4317 through"), "{error}");
    let expected = format!(" through the proxy http://{}: the proxy answered 403 Forbidden", tunnels.address);
    assert!(error.ends_with(&expected), "{error}");

    let forwards = Collector::start([Reply::status("407 Proxy Authentication Required")])?;
    let otlp = Otlp::http(endpoint.proxy(&forwards.url())?)?;
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "a wrong proxy is not the spans' fault");
    let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed once")?;
    assert!(
        error.ends_with(&format!("the proxy {} answered 407 Proxy Authentication Required", forwards.url())),
        "{error}"
    );
    Ok(())
}

#[cfg(feature = "env")]
#[test]
fn takes_the_proxy_from_the_environment() -> TestResult {
    let (proxy, collector) = (Collector::start([])?, Collector::start([])?);
    // The unspecified address leads to this host, and counts as a remote one.
    let remote = format!("http://0.0.0.0:{}", collector.address().port());
    let local = collector.url();
    let (by_name, bare) = (proxy.url(), proxy.address().to_string());
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], bool);
    let rows: &[Row<'_>] = &[
        ("no proxy", &remote, &[("HTTPS_PROXY", &by_name)], false),
        ("upper case", &remote, &[("HTTP_PROXY", &by_name)], true),
        ("lower case, without a scheme", &remote, &[("http_proxy", &bare)], true),
        ("for all schemes", &remote, &[("ALL_PROXY", &by_name)], true),
        ("loopback", &local, &[("HTTP_PROXY", &by_name)], false),
        ("excluded", &remote, &[("HTTP_PROXY", &by_name), ("NO_PROXY", "example.com, 0.0.0.0/8")], false),
        ("another is excluded", &remote, &[("HTTP_PROXY", &by_name), ("no_proxy", "example.com")], true),
        ("all excluded", &remote, &[("HTTP_PROXY", &by_name), ("NO_PROXY", "*")], false),
    ];
    for (name, endpoint, variables, is_proxied) in rows {
        let config = opentracing_reporter::EnvConfig::new(&|wanted| match wanted {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some((*endpoint).to_owned()),
            _ => variables.iter().find(|(known, _)| *known == wanted).map(|(_, value)| (*value).to_owned()),
        });
        assert_eq!(config.warnings(), [], "{name}");
        let (tracer, guard) = config.start()?;
        finish_spans(&tracer, 2);
        assert_eq!(guard.close(PATIENCE), Ok(()), "{name}");
        assert_eq!(proxy.all().len(), usize::from(*is_proxied), "{name}");
        assert_eq!(collector.all().len(), usize::from(!*is_proxied), "{name}");
    }
    Ok(())
}

#[cfg(feature = "env")]
#[test]
fn takes_the_connection_of_instana_from_the_environment() -> TestResult {
    let proxy = Collector::start([])?;
    let url = proxy.url();
    let config = opentracing_reporter::EnvConfig::new(&|name| match name {
        "INSTANA_ENDPOINT_URL" => Some("http://serverless.example".to_owned()),
        "INSTANA_AGENT_KEY" => Some("geheim".to_owned()),
        "INSTANA_ENDPOINT_PROXY" => Some(url.clone()),
        "INSTANA_DISABLE_CA_CHECK" => Some("true".to_owned()),
        _ => None,
    });
    let warnings: Vec<_> = config.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "INSTANA_DISABLE_CA_CHECK is not supported, since anybody could then read the agent key: verifying the server; \
          SSL_CERT_FILE adds a private authority"
        ]
    );
    let (tracer, guard) = config.start()?;
    tracer.span("GET /cart").kind(opentracing_core::SpanKind::Server).start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let got = proxy.next();
    assert_eq!(got.line, "POST http://serverless.example/bundle HTTP/1.1");
    assert_eq!(got.header("x-instana-key"), Some("geheim"));
    Ok(())
}

#[cfg(feature = "env")]
#[test]
fn agents_have_no_proxy() -> TestResult {
    for (host, port, name) in
        [("INSTANA_AGENT_HOST", "INSTANA_AGENT_PORT", "instana"), ("DD_AGENT_HOST", "DD_TRACE_AGENT_PORT", "datadog")]
    {
        let (proxy, agent) = (Collector::start([])?, Collector::start([])?);
        let config = opentracing_reporter::EnvConfig::new(&|variable| match variable {
            "OTEL_TRACES_EXPORTER" => Some(name.to_owned()),
            "HTTP_PROXY" => Some(proxy.url()),
            variable if variable == host => Some("0.0.0.0".to_owned()),
            variable if variable == port => Some(agent.address().port().to_string()),
            _ => None,
        });
        assert!(!config.check(PATIENCE)[0].has_failed(), "{name}");
        assert_eq!((agent.all().len(), proxy.all().len()), (1, 0), "{name}");
    }
    Ok(())
}

#[cfg(feature = "env")]
#[test]
fn warns_of_a_proxy_that_cannot_be_used() {
    let warnings = |variables: &[(&str, &str)]| {
        let config = opentracing_reporter::EnvConfig::new(&|wanted| match wanted {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://collector.example:4318".to_owned()),
            _ => variables.iter().find(|(known, _)| *known == wanted).map(|(_, value)| (*value).to_owned()),
        });
        config.warnings().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        warnings(&[("HTTP_PROXY", "socks5://me:geheim@proxy:1080")]),
        [
            "HTTP_PROXY is invalid (\"socks5://proxy:1080\" is not a valid endpoint: the scheme is socks5, expected http, https or \
          unix): connecting without a proxy"
        ]
    );
    assert_eq!(
        warnings(&[("HTTP_PROXY", "http://proxy:3128"), ("REQUEST_METHOD", "GET")]),
        ["HTTP_PROXY can be set by the client of a CGI program: ignoring it"]
    );
}

//! The rules of HTTP that adapters share.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, uri::Authority, uri::Scheme};
use opentracing_core::encoding::decode_percent;
use opentracing_core::http_rules::{
    ConnectFailure, ErrorStatuses, HeaderTags, HostAllowList, HostPattern, Peer, PeerService, PeerServices,
    ResendCounter, append_server_timing, append_trace_timing, default_port, effective_port, known_method, method_name,
    set_request_tags,
};
use opentracing_core::mock::MockTracer;
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

#[test]
fn knows_the_registered_methods() {
    for name in ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"] {
        let method = Method::from_bytes(name.as_bytes()).unwrap();
        assert_eq!(known_method(&method), Some(name));
        assert_eq!(method_name(&method, &[]), name);
    }
    for name in ["get", "PROPFIND", "X", "GETGETGETGETGETGETGET"] {
        let method = Method::from_bytes(name.as_bytes()).unwrap();
        assert_eq!(known_method(&method), None, "{name}");
        assert_eq!(method_name(&method, &[]), "_OTHER", "{name}");
    }
}

#[test]
fn tells_errors_by_status() {
    #[track_caller]
    fn check(status: u16, server: bool, client: bool) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(ErrorStatuses::default().contain(status), server);
        assert_eq!(ErrorStatuses::ClientAndServerErrors.contain(status), client);
        assert!(!ErrorStatuses::None.contain(status));
        let ranges = ErrorStatuses::OneOf(&[429..=429, 500..=599]);
        assert_eq!(ranges.contain(status), matches!(status.as_u16(), 429 | 500..=599));
    }
    check(101, false, false);
    check(200, false, false);
    check(399, false, false);
    check(400, false, true);
    check(429, false, true);
    check(499, false, true);
    check(500, true, true);
    check(599, true, true);
    check(999, true, true);
}

#[track_caller]
fn check_host(pattern: &str, admitted: &[(&str, Option<u16>)], refused: &[(&str, Option<u16>)]) {
    let hosts: HostAllowList = pattern.parse().unwrap();
    admitted.iter().for_each(|(host, port)| assert!(hosts.allows(host, *port), "{host} {port:?}"));
    refused.iter().for_each(|(host, port)| assert!(!hosts.allows(host, *port), "{host} {port:?}"));
}

#[test]
fn admits_hosts_by_pattern() {
    check_host(
        "shop.example",
        &[("shop.example", None), ("SHOP.example", Some(1)), ("shop.example.", None)],
        &[("www.shop.example", None), ("shop.example.org", None), ("ashop.example", None), ("", None)],
    );
    check_host(
        "Shop.Example.:8080",
        &[("shop.example", Some(8080))],
        &[("shop.example", Some(80)), ("shop.example", None)],
    );
    check_host(
        "*.shop.example",
        &[("www.shop.example", None), ("a.B.SHOP.example.", Some(1))],
        &[("shop.example", None), (".shop.example", None), ("ashop.example", None), ("é.example", None)],
    );
    check_host("*.shop.example:443", &[("www.shop.example", Some(443))], &[("www.shop.example", Some(80))]);
    check_host("*", &[("any", None), ("::1", Some(1))], &[]);
    check_host("*:443", &[("any", Some(443))], &[("any", Some(80)), ("any", None)]);
    check_host("::1", &[("::1", None), ("[::1]", Some(80))], &[("::2", None)]);
    check_host("[::1]:80", &[("::1", Some(80)), ("[::1]", Some(80))], &[("::1", None), ("::1", Some(81))]);
    check_host("[::1]", &[("::1", None), ("[::1]", Some(80))], &[("::", None)]);
    check_host("127.0.0.1", &[("127.0.0.1", Some(80))], &[("127.0.0.11", None)]);
    check_host("a, b:1 ,, *.c", &[("a", None), ("b", Some(1)), ("x.c", None)], &[("b", None), ("c", None)]);
    check_host("", &[], &[("a", None)]);
}

#[test]
fn refuses_what_is_no_host() {
    for text in [
        "", "*x", "a.*.b", "**", "*.", ".", ":80", "a:", "a:x", "a:+1", "a:65536", "http://a", "a/b", "me@a", "a,b",
        "a b",
    ] {
        let error = text.parse::<HostPattern>().unwrap_err();
        assert!(error.to_string().starts_with(&format!("invalid host pattern {text:?}")), "{error}");
    }
    assert!("a, http://b".parse::<HostAllowList>().is_err());
}

#[test]
fn admits_all_hosts_by_default() {
    #[track_caller]
    fn check(hosts: &HostAllowList, uri: &'static str, expected: bool) {
        assert_eq!(hosts.allows_uri(&Uri::from_static(uri)), expected, "{uri}");
    }
    let all = HostAllowList::default();
    check(&all, "http://a.example/", true);
    check(&all, "/relative", true);
    assert_eq!(all, HostAllowList::all());
    let none = HostAllowList::none();
    check(&none, "http://a.example/", false);
    check(&none, "/relative", false);
    let some: HostAllowList = "a.example:80, [::1]".parse().unwrap();
    check(&some, "http://a.example/", true);
    check(&some, "http://a.example:80/", true);
    check(&some, "https://a.example/", false);
    check(&some, "https://a.example:80/", true);
    check(&some, "http://[::1]:9/", true);
    check(&some, "/relative", false);
}

#[test]
fn reads_the_peer_from_a_uri() {
    #[track_caller]
    fn check(uri: &'static str, hostname: Option<&str>, ip: Option<&str>, port: Option<u16>) {
        let ip = ip.map(|ip| ip.parse::<IpAddr>().unwrap());
        assert_eq!(Peer::from_uri(&Uri::from_static(uri)), Peer { hostname, ip, port }, "{uri}");
        assert_eq!(effective_port(&Uri::from_static(uri)), port);
    }
    check("http://shop.example/a", Some("shop.example"), None, Some(80));
    check("https://shop.example", Some("shop.example"), None, Some(443));
    check("wss://me:pw@shop.example", Some("shop.example"), None, Some(443));
    check("ws://shop.example:81", Some("shop.example"), None, Some(81));
    check("HTTP://shop.example", Some("shop.example"), None, Some(80));
    check("ftp://shop.example", Some("shop.example"), None, None);
    check("shop.example:81", Some("shop.example"), None, Some(81));
    check("http://192.0.2.7:8080", None, Some("192.0.2.7"), Some(8080));
    check("http://[2001:db8::7]", None, Some("2001:db8::7"), Some(80));
    check("http://[::ffff:192.0.2.7]:1", None, Some("192.0.2.7"), Some(1));
    check("/a?b", None, None, None);
    check("*", None, None, None);
}

#[test]
fn reads_the_peer_from_a_host_header_and_an_address() {
    let authority = Authority::from_static("shop.example");
    let peer = Peer { hostname: Some("shop.example"), ip: None, port: Some(443) };
    assert_eq!(Peer::from_authority(&authority, Some(&Scheme::HTTPS)), peer);
    assert_eq!(Peer::from_authority(&authority, None), Peer { port: None, ..peer });
    assert_eq!(
        Peer::from_authority(&Authority::from_static("shop.example:8443"), Some(&Scheme::HTTP)).port,
        Some(8443)
    );
    assert_eq!(Peer::from_host("", None), Peer::default());

    #[track_caller]
    fn check(address: &str, ip: &str, port: u16) {
        let expected = Peer { hostname: None, ip: Some(ip.parse().unwrap()), port: Some(port) };
        assert_eq!(Peer::from(address.parse::<SocketAddr>().unwrap()), expected);
    }
    check("192.0.2.7:80", "192.0.2.7", 80);
    check("[2001:db8::7]:80", "2001:db8::7", 80);
    check("[::ffff:192.0.2.7]:80", "192.0.2.7", 80);
    assert_eq!(default_port(&"gopher".parse().unwrap()), None);
}

#[test]
fn names_the_service_that_is_called() {
    #[track_caller]
    fn check(services: &PeerServices, given: Option<&str>, host: &str, expected: Option<PeerService<'_>>) {
        assert_eq!(services.resolve(given, &Peer::from_host(host, Some(80))), expected);
    }
    let none = PeerServices::new();
    check(&none, None, "shop.example", Some(PeerService::Derived("shop.example")));
    check(&none, Some("shop"), "shop.example", Some(PeerService::Given("shop")));
    check(&none, Some("shop"), "192.0.2.7", Some(PeerService::Given("shop")));
    for host in ["192.0.2.7", "[::1]", "::1", "localhost", "LocalHost", "localhost.", "a.localhost", ""] {
        check(&none, None, host, None);
    }
    check(&none, None, "mylocalhost", Some(PeerService::Derived("mylocalhost")));
    check(&none, None, "host", Some(PeerService::Derived("host")));

    let mapped = PeerServices::new()
        .with_host("*.eu.example", "europe")
        .and_then(|services| services.with_host("*.example", "shop"))
        .and_then(|services| services.with_host("192.0.2.7:80", "ledger"))
        .and_then(|services| services.with_host("localhost:81", "local"))
        .unwrap();
    check(&mapped, None, "a.eu.example", Some(PeerService::Given("europe")));
    check(&mapped, None, "a.us.example", Some(PeerService::Given("shop")));
    check(&mapped, None, "192.0.2.7", Some(PeerService::Given("ledger")));
    check(&mapped, None, "192.0.2.8", None);
    check(&mapped, None, "localhost", None);
    check(&mapped, None, "a.org", Some(PeerService::Derived("a.org")));
    assert_eq!(mapped.resolve(None, &Peer::default()), None);

    let named = mapped.with_name("catalog");
    check(&named, None, "a.eu.example", Some(PeerService::Given("catalog")));
    check(&named, Some("shop"), "a.eu.example", Some(PeerService::Given("shop")));
    assert_eq!(named.resolve(None, &Peer::default()), Some(PeerService::Given("catalog")));

    assert!(PeerService::Derived("a").is_derived() && !PeerService::Given("a").is_derived());
    assert_eq!((PeerService::Derived("a").name(), PeerService::Given("b").name()), ("a", "b"));
    assert!(PeerServices::new().with_host("http://a", "b").is_err());
}

#[test]
fn appends_the_trace_id_to_server_timing() {
    #[track_caller]
    fn check(before: &[&'static str], after: &[&str]) {
        let mut headers = HeaderMap::new();
        for value in before {
            headers.append("server-timing", value.parse().unwrap());
        }
        append_server_timing(&mut headers, TraceId::from_parts(7, 0xa2ce_929d_0e0e_4736));
        assert_eq!(headers.get_all("Server-Timing").iter().collect::<Vec<_>>(), after);
    }
    check(&[], &["intid;desc=a2ce929d0e0e4736"]);
    check(&["db;dur=53"], &["db;dur=53", "intid;desc=a2ce929d0e0e4736"]);
    check(&["intid;desc=1"], &["intid;desc=1"]);
    check(&["db;dur=53", "a, intid;desc=1"], &["db;dur=53", "a, intid;desc=1"]);

    let mut headers = HeaderMap::new();
    append_server_timing(&mut headers, TraceId::from_parts(0, 1));
    assert_eq!(headers["server-timing"], "intid;desc=0000000000000001");
}

#[test]
fn tells_the_browser_the_context_once() {
    let context = SpanContext::new(TraceId::from_parts(7, 1), SpanId::new(2)).with_sampling(Sampling::Sampled);
    let mut headers = HeaderMap::new();
    headers.insert("server-timing", "db;dur=53".parse().unwrap());
    append_trace_timing(&mut headers, &context);
    append_trace_timing(&mut headers, &context);
    let all: Vec<_> = headers.get_all("server-timing").iter().collect();
    assert_eq!(all, ["db;dur=53", "trace;desc=00-00000000000000070000000000000001-0000000000000002-01"]);

    let mut headers = HeaderMap::new();
    append_trace_timing(&mut headers, &context.with_sampling(Sampling::NotSampled));
    assert!(headers["server-timing"].as_bytes().ends_with(b"-00"));
}

#[cfg(feature = "mock")]
#[test]
fn writes_what_is_known_of_the_peer() {
    use opentracing_core::mock::MockTracer;

    #[track_caller]
    fn check(peer: Peer<'_>, service: Option<PeerService<'_>>, expected: &[&str]) {
        let mock = MockTracer::new();
        let mut span = mock.tracer().span("call").start();
        peer.set_tags(&mut span);
        if let Some(service) = service {
            service.set_tag(&mut span);
        }
        span.finish();
        let span = mock.span("call");
        let tags: Vec<_> = span.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(tags, expected);
        assert_eq!(span.is_peer_service_derived, service.is_some_and(PeerService::is_derived));
    }
    check(Peer::default(), None, &[]);
    check(
        Peer::from_host("shop.example", Some(80)),
        Some(PeerService::Derived("shop.example")),
        &["peer.hostname=shop.example", "peer.port=80", "peer.service=shop.example"],
    );
    check(
        Peer::from_host("192.0.2.7", None),
        Some(PeerService::Given("shop")),
        &["peer.ipv4=192.0.2.7", "peer.service=shop"],
    );
    check(Peer::from_host("[2001:db8::7]", Some(1)), None, &["peer.ipv6=2001:db8::7", "peer.port=1"]);
    let longest = "ff00:1111:2222:3333:4444:5555:6666:7777";
    check(Peer::from_host(longest, None), None, &[&format!("peer.ipv6={longest}")]);
}

#[test]
fn decodes_percents() {
    #[track_caller]
    fn check(encoded: &[u8], text: &str) {
        assert_eq!(decode_percent(encoded), text);
    }
    check(b"", "");
    check(b"plain", "plain");
    check(b"no%20such%20book", "no such book");
    check(b"%E2%82%AC%2f%25", "\u{20ac}/%");
    check(b"100%", "100%");
    check(b"%zz%4", "%zz%4");
    check(b"%ff", "\u{fffd}");
}

#[test]
fn takes_the_named_headers_for_tags() {
    use opentracing_core::mock::MockTracer;
    use opentracing_core::{ConstSampler, Decision};

    let captured = HeaderTags::with_prefixes("in.", "out.");
    let captured = captured.request("x-tenant".parse().unwrap()).request("x-absent".parse().unwrap());
    let mut headers = HeaderMap::new();
    headers.append("x-tenant", "acme".parse().unwrap());
    headers.append("x-tenant", http::HeaderValue::from_bytes(b"\xff").unwrap());
    headers.append("x-tenant", "apex".parse().unwrap());
    headers.append("authorization", "secret".parse().unwrap());

    let mock = MockTracer::new();
    captured.set_request_tags(&mut mock.tracer().span("kept").start(), &headers);
    let span = mock.span("kept");
    assert_eq!(span.tags.len(), 1, "{:?}", span.tags);
    assert_eq!(span.tag("in.x-tenant"), Some("acme, apex".into()));

    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop)));
    captured.set_request_tags(&mut mock.tracer().span("dropped").start(), &headers);
    assert!(mock.finished_spans().is_empty());
}

/// An error of that text, and what caused it.
#[derive(Debug)]
struct Caused(&'static str, Option<Box<dyn Error + Send + Sync>>);

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

#[test]
fn tells_why_there_is_no_connection() {
    fn caused(text: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Box<dyn Error + Send + Sync> {
        Box::new(Caused(text, Some(cause.into())))
    }
    let plain = |text| Box::new(Caused(text, None));
    #[track_caller]
    fn check(cause: impl Into<Box<dyn Error + Send + Sync>>, expected: &str) {
        let error = Caused("error sending request", Some(caused("client error (Connect)", cause)));
        assert_eq!(ConnectFailure::of(&error).map(ConnectFailure::name), Some(expected), "{error:?}");
    }
    let refused = || io::Error::from_raw_os_error(111);
    check(refused(), "connect");
    check(caused("tcp connect error", refused()), "connect");
    check(caused("tcp connect error", io::Error::from(io::ErrorKind::TimedOut)), "timeout");
    check(caused("dns error", io::Error::other("Name or service not known")), "dns");
    check(caused("error resolving DNS", plain("none of ours")), "dns");
    check(plain("operation timed out"), "timeout");
    check(caused("tunnel error: unsuccessful", refused()), "proxy");
    check(plain("SOCKS error: host unreachable"), "proxy");
    let untrusted = || io::Error::new(io::ErrorKind::InvalidData, plain("invalid peer certificate: UnknownIssuer"));
    check(untrusted(), "tls");
    check(io::Error::other(untrusted()), "tls");
    check(io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof"), "tls");
    check(plain("error:0A000086:SSL routines:certificate verify failed"), "tls");
    check(plain("no such socket"), "connect");

    let within = Caused("client error (SendRequest)", Some(caused("connection error", refused())));
    assert_eq!(ConnectFailure::of(&within), None, "there was a connection");
    assert_eq!(ConnectFailure::of(&refused()), None);
}

#[test]
fn an_error_that_causes_itself_is_looked_at_for_a_while() {
    #[derive(Debug)]
    struct Itself;
    impl fmt::Display for Itself {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("client error (Connect)")
        }
    }
    impl Error for Itself {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    assert_eq!(ConnectFailure::of(&Itself), Some(ConnectFailure::Connect));
}

#[test]
fn counts_attempts_and_follows_redirects() {
    let (counter, found) = (ResendCounter::new(), StatusCode::FOUND);
    #[track_caller]
    fn check(counter: &ResendCounter, host: &str, resent: u32, propagates: bool) {
        let attempt = counter.begin(host);
        assert_eq!((attempt.resent, attempt.propagates), (resent, propagates));
        assert_eq!(counter.clone().count(), resent + 1);
    }
    assert_eq!(counter.count(), 0);
    check(&counter, "shop.example", 0, true);
    check(&counter, "replica.example", 1, true);
    counter.answered(StatusCode::SERVICE_UNAVAILABLE);
    counter.answered(StatusCode::NOT_MODIFIED);
    check(&counter, "replica.example", 2, true);
    assert!(!counter.awaits_redirect());
    counter.answered(found);
    assert!(counter.awaits_redirect());
    check(&counter, "Shop.Example", 3, true);
    assert!(!counter.awaits_redirect());
    counter.answered(found);
    check(&counter, "other.example", 4, false);
    check(&counter, "other.example", 5, false);
    counter.answered(found);
    check(&counter, "shop.example", 6, false);
    check(&counter, "shop.example", 7, true);
}

#[test]
fn describes_protocol_and_user_agent() {
    #[track_caller]
    fn check(version: Version, agent: Option<&[u8]>, expected: &[&str]) {
        let mock = MockTracer::new();
        let mut span = mock.tracer().span("GET").start();
        let mut request = Request::get("/").version(version);
        if let Some(agent) = agent {
            request = request.header("user-agent", HeaderValue::from_bytes(agent).unwrap());
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        set_request_tags(&mut span, &parts);
        span.finish();
        let span = mock.span("GET");
        let tags: Vec<_> = span.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(tags, expected);
    }
    check(Version::HTTP_09, None, &["network.protocol.version=0.9"]);
    check(Version::HTTP_10, Some(b"curl/8"), &["network.protocol.version=1.0", "user_agent.original=curl/8"]);
    check(Version::HTTP_11, Some(b""), &["network.protocol.version=1.1"]);
    check(Version::HTTP_2, Some(b"\xff"), &["network.protocol.version=2"]);
    let cut = format!("user_agent.original={}", "x".repeat(256));
    check(Version::HTTP_3, Some(&[b'x'; 257]), &["network.protocol.version=3", &cut]);
}

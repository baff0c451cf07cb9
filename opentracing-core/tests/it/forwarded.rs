//! What proxies say, and whom of them one believes.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentracing_core::http_rules::{Forwarded, ServerRules, TrustedProxies};

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// `client` is `-` if nobody says anything, and `?` if it is hidden.
#[track_caller]
fn check(lines: &[(&'static str, &str)], client: &str, host: Option<&str>, scheme: Option<&str>) {
    let (headers, proxies) = (headers(lines), "10.0.0.0/8, fd00::/8, loopback".parse().unwrap());
    let forwarded = Forwarded::read(&proxies, ip("10.0.0.1"), &headers);
    let found = match forwarded.client {
        None => "-".to_owned(),
        Some(peer) => match (peer.ip, peer.port) {
            (None, _) => "?".to_owned(),
            (Some(ip), None) => ip.to_string(),
            (Some(ip), Some(port)) => std::net::SocketAddr::from((ip, port)).to_string(),
        },
    };
    assert_eq!(found, client);
    assert_eq!((forwarded.host, forwarded.scheme), (host, scheme));
    assert_eq!(forwarded.is_empty(), client == "-" && host.is_none() && scheme.is_none());
}

#[test]
fn x_forwarded_for_is_read_from_the_end() {
    let check = |values: &[&str], client: &str| {
        let lines: Vec<_> = values.iter().map(|value| ("x-forwarded-for", *value)).collect();
        check(&lines, client, None, None);
    };
    check(&["203.0.113.7"], "203.0.113.7");
    check(&["203.0.113.7:4711"], "203.0.113.7:4711");
    check(&["2001:db8::7"], "2001:db8::7");
    check(&["[2001:db8::7]"], "2001:db8::7");
    check(&["[2001:db8::7]:4711"], "[2001:db8::7]:4711");
    check(&["::ffff:203.0.113.7"], "203.0.113.7");
    // What is in front of the first that is not trusted was made up, or is of no account.
    check(&["198.51.100.1, 203.0.113.7, 10.0.0.2"], "203.0.113.7");
    check(&["198.51.100.1", "203.0.113.7,10.0.0.2 , fd00::1"], "203.0.113.7");
    // Somebody within asks.
    check(&["10.0.0.3, 10.0.0.2"], "10.0.0.3");
    check(&[""], "-");
    check(&[" , 203.0.113.7,,"], "203.0.113.7");
    for hidden in ["unknown", "_proxy", "203.0.113.256", "203.0.113.7, nonsense", "10.0.0.2, 1.2.3"] {
        check(&[hidden], "?");
    }
}

#[test]
fn forwarded_is_read_from_the_end() {
    let check = |value: &str, client: &str, host: Option<&str>, scheme: Option<&str>| {
        check(&[("forwarded", value)], client, host, scheme);
    };
    check("for=203.0.113.7", "203.0.113.7", None, None);
    check("For=\"203.0.113.7:4711\";Proto=HTTPS", "203.0.113.7:4711", None, Some("https"));
    check(
        "for=\"[2001:db8::7]:4711\"; host=\"shop.example:8080\"",
        "[2001:db8::7]:4711",
        Some("shop.example:8080"),
        None,
    );
    check("for=_hidden;host=shop.example", "?", Some("shop.example"), None);
    check("host=shop.example;proto=http", "-", Some("shop.example"), Some("http"));
    // The outermost trusted proxy was asked for that host; what stands in front of it is of no account.
    check(
        "for=198.51.100.1;host=evil.example, for=203.0.113.7;host=shop.example;proto=https, for=10.0.0.2;host=inner.example",
        "203.0.113.7",
        Some("shop.example"),
        Some("https"),
    );
    check("for=203.0.113.7;host=\"a,b;c=d\"", "203.0.113.7", Some("a,b;c=d"), None);
    check("for=203.0.113.7;host=\"a b\"", "203.0.113.7", None, None);
    check("for=203.0.113.7;host=me:pw@shop.example;proto=gopher", "203.0.113.7", None, None);
    check("nonsense", "-", None, None);
}

#[test]
fn host_and_scheme_are_those_of_the_outermost_trusted_proxy() {
    let lines = |host, proto| {
        [("x-forwarded-for", "203.0.113.7, 10.0.0.2"), ("x-forwarded-host", host), ("x-forwarded-proto", proto)]
    };
    check(&lines("shop.example", "https"), "203.0.113.7", Some("shop.example"), Some("https"));
    check(&lines("shop.example, inner.example", "https, http"), "203.0.113.7", Some("shop.example"), Some("https"));
    check(
        &lines("evil.example, shop.example, inner.example", "http"),
        "203.0.113.7",
        Some("shop.example"),
        Some("http"),
    );
    check(&[("x-forwarded-proto", "https")], "-", None, Some("https"));
    for (named, scheme) in [("HTTPS", Some("https")), ("wss", Some("https")), ("ws", Some("http")), ("gopher", None)] {
        let headers = headers(&[("x-forwarded-proto", named)]);
        let forwarded = Forwarded::read(&TrustedProxies::all(), None, &headers);
        assert_eq!(forwarded.scheme, scheme, "{named}");
    }
}

#[test]
fn port_and_prefix_are_those_of_trusted_proxies() {
    #[track_caller]
    fn check(lines: &[(&'static str, &str)], port: Option<u16>, prefix: Option<&str>) {
        let headers = headers(lines);
        let forwarded = Forwarded::read(&"10.0.0.0/8".parse().unwrap(), ip("10.0.0.1"), &headers);
        assert_eq!(forwarded.port, port, "{lines:?}");
        assert_eq!(forwarded.prefix.map(|prefix| prefix.to_string()).as_deref(), prefix, "{lines:?}");
    }
    let (hops, port, prefix) = (("x-forwarded-for", "203.0.113.7, 10.0.0.2"), "x-forwarded-port", "x-forwarded-prefix");
    check(&[(port, "8443")], Some(8443), None);
    check(&[(port, "1, 8443")], Some(8443), None);
    check(&[hops, (port, "1, 8443, 3000")], Some(8443), None);
    check(&[hops, (port, "8443")], Some(8443), None);
    for invalid in ["0", "65536", "-1", "+80", "http", "8443;"] {
        check(&[(port, invalid)], None, None);
    }
    check(&[(prefix, "/api")], None, Some("/api"));
    check(&[(prefix, "/evil, /api/")], None, Some("/api"));
    check(&[hops, (prefix, "/evil, /shop, /api")], None, Some("/shop/api"));
    check(&[hops, (prefix, "/shop"), (prefix, "/api")], None, Some("/shop/api"));
    check(&[hops, (prefix, "/shop, ?")], None, Some("/shop"));
    for invalid in ["", "/", "api", "/a?b", "/a#b", "/a b"] {
        check(&[(prefix, invalid)], None, None);
    }
    // RFC 7239 has neither.
    check(&[("forwarded", "for=203.0.113.7"), (port, "8443"), (prefix, "/api")], None, None);
}

#[test]
fn a_header_of_the_client_alone_wins_on_request() {
    #[track_caller]
    fn check(lines: &[(&'static str, &str)], client: Option<&str>) {
        let mut request = http::Request::get("/");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut rules = ServerRules::default();
        rules.trusted_proxies("10.0.0.0/8".parse().unwrap());
        rules.client_ip_header(HeaderName::from_static("x-real-ip"));
        let proxy = Some("10.0.0.1:80".parse().unwrap());
        let named = |address| rules.apply(&parts, address).peer().and_then(|peer| peer.ip);
        assert_eq!(named(proxy), client.map_or(ip("10.0.0.1"), ip), "{lines:?}");
        assert_eq!(named(Some("192.0.2.1:80".parse().unwrap())), ip("192.0.2.1"), "an untrusted peer");
    }
    let real = "x-real-ip";
    check(&[], None);
    check(&[(real, "203.0.113.7")], Some("203.0.113.7"));
    check(&[(real, " [2001:db8::7]:80 ")], Some("2001:db8::7"));
    check(&[(real, "203.0.113.7"), ("x-forwarded-for", "198.51.100.1")], Some("203.0.113.7"));
    check(&[(real, "203.0.113.7"), ("forwarded", "for=198.51.100.1")], Some("203.0.113.7"));
    for unusable in
        [&[(real, "unknown")][..], &[(real, "203.0.113.7, 10.0.0.2")], &[(real, "1.1.1.1"), (real, "2.2.2.2")]]
    {
        check(unusable, None);
        check(&[unusable, &[("x-forwarded-for", "198.51.100.1")]].concat(), Some("198.51.100.1"));
    }
}

#[test]
fn a_closure_finds_the_address_of_the_peer() {
    #[derive(Clone)]
    struct Accepted(SocketAddr);
    let mut rules = ServerRules::default();
    let (known, own): (SocketAddr, SocketAddr) = ("192.0.2.1:80".parse().unwrap(), "10.0.0.1:81".parse().unwrap());
    rules.peer_from(|extensions| Some(extensions.get::<Accepted>()?.0));
    let (mut parts, ()) = http::Request::get("/").body(()).unwrap().into_parts();
    let port = |rules: &ServerRules, parts: &http::request::Parts, address| {
        rules.apply(parts, address).peer().and_then(|peer| peer.port)
    };
    assert_eq!(port(&rules, &parts, None), None);
    assert_eq!(port(&rules, &parts, Some(known)), Some(80));
    parts.extensions.insert(Accepted(own));
    assert_eq!(port(&rules, &parts, Some(known)), Some(81));
    // Which proxies are trusted is only a question if there are some.
    parts.extensions.clear();
    assert!(!rules.apply(&parts, None).lacks_peer());
    rules.trusted_proxies(TrustedProxies::all());
    assert!(!rules.apply(&parts, None).lacks_peer());
    rules.trusted_proxies("10.0.0.0/8".parse().unwrap());
    assert!(rules.apply(&parts, None).lacks_peer() && !rules.apply(&parts, Some(known)).lacks_peer());
}

#[test]
fn headers_that_differ_are_both_not_believed() {
    check(&[("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "203.0.113.7")], "-", None, None);
    check(
        &[("forwarded", "for=203.0.113.7;proto=https"), ("x-forwarded-for", "203.0.113.7")],
        "203.0.113.7",
        None,
        Some("https"),
    );
}

#[test]
fn nobody_is_believed_who_is_not_trusted() {
    let headers = headers(&[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")]);
    let read = |proxies: &TrustedProxies, peer| Forwarded::read(proxies, peer, &headers);
    let proxies: TrustedProxies = "10.0.0.0/8".parse().unwrap();
    for peer in [ip("192.0.2.1"), ip("11.0.0.1"), ip("::1"), None] {
        assert!(read(&proxies, peer).is_empty(), "{peer:?}");
    }
    assert!(!read(&proxies, ip("::ffff:10.0.0.1")).is_empty());
    assert!(read(&TrustedProxies::none(), ip("10.0.0.1")).is_empty());
    assert!(!read(&TrustedProxies::all(), None).is_empty());
}

#[test]
fn many_entries_do_no_harm() {
    let headers = headers(&[("x-forwarded-for", &"10.0.0.2,".repeat(1000))]);
    let forwarded = Forwarded::read(&TrustedProxies::all(), None, &headers);
    assert_eq!(forwarded.client.unwrap().ip, ip("10.0.0.2"));
}

#[test]
fn networks_are_read() {
    #[track_caller]
    fn check(text: &str, trusted: &[&str], others: &[&str]) {
        let proxies: TrustedProxies = text.parse().unwrap();
        trusted.iter().for_each(|address| assert!(proxies.trusts(ip(address)), "{address}"));
        others.iter().for_each(|address| assert!(!proxies.trusts(ip(address)), "{address}"));
    }
    check("", &[], &["127.0.0.1", "::1"]);
    check("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.8"]);
    check("192.0.2.6/31 ,2001:db8::/32", &["192.0.2.6", "192.0.2.7", "2001:db8:1::1"], &["192.0.2.8", "2001:db9::1"]);
    check("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::1"]);
    check("::/0", &["::", "2001:db8::1"], &["10.0.0.1"]);
    check("::ffff:10.0.0.0/104", &["10.1.2.3"], &["11.0.0.1"]);
    check("loopback", &["127.0.0.1", "127.1.2.3", "::1"], &["128.0.0.1", "::2"]);
    check("private", &["10.0.0.1", "172.31.0.1", "192.168.0.1", "fd00::1"], &["172.32.0.1", "192.169.0.1", "fe80::1"]);
    for invalid in
        ["shop.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "::/129", "::ffff:10.0.0.0/95", "*"]
    {
        let error = invalid.parse::<TrustedProxies>().unwrap_err();
        assert!(error.to_string().contains(invalid), "{error}");
    }
}

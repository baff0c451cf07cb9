//! Requests and connections that mean no good.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use opentracing_viewer::{Query, Viewer};

use crate::support::{self, Answer, answer, get, gzip, post, request};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

#[test]
fn other_hosts_are_misdirected() {
    let viewer = support::start(Viewer::builder().allow_host("viewer.test").allow_host("proxy.test:8080"));
    let (address, port) = (viewer.local_addr(), viewer.local_addr().port());
    let rows = [
        ("its address", format!("127.0.0.1:{port}"), true),
        ("localhost", format!("LocalHost:{port}"), true),
        ("the other loopback address", format!("[::1]:{port}"), true),
        ("an allowed name", format!("viewer.test:{port}"), true),
        ("an allowed name with a port", "proxy.test:8080".to_owned(), true),
        ("another name", format!("evil.example:{port}"), false),
        ("another port", "localhost:1".to_owned(), false),
        ("no port", "localhost".to_owned(), false),
        ("a name that begins alike", format!("localhost.evil.example:{port}"), false),
        ("a name that ends alike", format!("evillocalhost:{port}"), false),
        ("user and name", format!("localhost:{port}@evil.example"), false),
        ("nothing", String::new(), false),
    ];
    for (name, host, is_allowed) in rows {
        let host = format!("Host: {host}");
        for (first, path) in [("GET", "/"), ("GET", "/nowhere"), ("POST", "/v1/traces"), ("OPTIONS", "/v1/traces")] {
            let status = request(address, &format!("{first} {path}"), &[&host], b"").status;
            assert_eq!(status != 421, is_allowed, "{name}: {first} {path}: {status}");
        }
    }
    let none = request(address, "GET /", &["Host: a", "Host: b"], b"").status;
    assert!(matches!(none, 400 | 421), "two hosts: {none}");
}

#[test]
fn pages_of_other_sites_can_neither_read_nor_write() {
    let viewer = support::start(Viewer::builder().allow_origin("http://localhost:3000/"));
    let address = viewer.local_addr();
    let own = format!("Origin: http://{address}");
    let json = "Content-Type: application/json";
    let rows: [(&str, &str, &[&str], u16); 12] = [
        ("a program", "GET /", &[], 200),
        (
            "a typed address",
            "GET /",
            &["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"],
            200,
        ),
        ("its own page", "GET /", &["Sec-Fetch-Site: same-origin"], 200),
        (
            "a link",
            "GET /",
            &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"],
            200,
        ),
        (
            "an image of another site",
            "GET /",
            &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"],
            403,
        ),
        (
            "a frame",
            "GET /",
            &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"],
            403,
        ),
        ("another port of the host", "GET /", &["Sec-Fetch-Site: same-site"], 403),
        ("another origin", "GET /", &["Origin: http://evil.example"], 403),
        ("no origin, as in a sandbox", "POST /v1/traces", &["Origin: null", json], 403),
        (
            "a form",
            "POST /v1/traces",
            &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", json],
            403,
        ),
        ("its own origin", "POST /v1/traces", &[&own, json], 200),
        ("an allowed origin may not read", "GET /", &["Origin: http://localhost:3000"], 403),
    ];
    for (name, first, lines, status) in rows {
        let body: &[u8] = if first.starts_with("POST") { b"{}" } else { b"" };
        let answer = request(address, first, lines, body);
        assert_eq!(answer.status, status, "{name}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{name}");
    }
    for (first, status) in [("OPTIONS /v1/traces", 204), ("POST /v1/traces", 200)] {
        let lines = ["Origin: http://localhost:3000", "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", json];
        let allowed = request(address, first, &lines, b"{}");
        assert_eq!(
            (allowed.status, allowed.header("access-control-allow-origin")),
            (status, Some("http://localhost:3000"))
        );
    }
}

#[test]
fn every_answer_has_the_headers() {
    let viewer = support::viewer();
    let answers = [
        get(viewer.local_addr(), "/", &[]),
        get(viewer.local_addr(), "/nowhere", &[]),
        get(viewer.local_addr(), "/", &["Host: evil.example"]),
        post(viewer.local_addr(), "/v1/traces", "text/plain", b"{}"),
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn media_types_that_a_form_can_send_are_refused() {
    let viewer = support::viewer();
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "application/jsonx",
        "text/json",
    ];
    for path in ["/v1/traces", "/api/v2/spans", "/api/traces"] {
        for media_type in types {
            assert_eq!(post(viewer.local_addr(), path, media_type, b"[]").status, 415, "{path} {media_type}");
        }
        assert_eq!(
            request(viewer.local_addr(), &format!("POST {path}"), &[], b"[]").status,
            415,
            "{path} without type"
        );
        assert_eq!(get(viewer.local_addr(), path, &[]).status, 405, "GET {path}");
    }
    assert_eq!(post(viewer.local_addr(), "/api/v2/spans", JSON, b"[]").status, 202);
    assert_eq!(post(viewer.local_addr(), "/v1/traces", PROTOBUF, b"").status, 200);
}

#[test]
fn bodies_are_bounded_after_decompression() {
    const MOST: usize = 64 << 10;
    let viewer = support::start(Viewer::builder().max_request_bytes(MOST));
    let address = viewer.local_addr();
    // White space is JSON too.
    let spaces = |length: usize| [b"{}".as_slice(), &vec![b' '; length - 2]].concat();
    let compressed = |body: &[u8]| {
        request(address, "POST /v1/traces", &["Content-Type: application/json", "Content-Encoding: gzip"], body)
    };
    let rows = [
        ("as large as allowed", post(address, "/v1/traces", JSON, &spaces(MOST)).status, 200),
        ("a byte more", post(address, "/v1/traces", JSON, &spaces(MOST + 1)).status, 413),
        ("compressed, as large as allowed", compressed(&gzip(&spaces(MOST))).status, 200),
        ("compressed, a byte more", compressed(&gzip(&spaces(MOST + 1))).status, 413),
        ("a bomb", compressed(&gzip(&vec![b' '; 64 << 20])).status, 413),
        ("several members, each small", compressed(&gzip(&spaces(MOST / 2)).repeat(3)).status, 413),
        ("nested", compressed(&gzip(&gzip(&spaces(MOST)))).status, 400),
        ("broken", compressed(b"\x1f\x8b\x08no").status, 400),
        (
            "another encoding",
            request(address, "POST /v1/traces", &["Content-Type: application/json", "Content-Encoding: br"], b"{}")
                .status,
            415,
        ),
    ];
    for (name, status, expected) in rows {
        assert_eq!(status, expected, "{name}");
    }
}

#[test]
fn requests_beyond_the_memory_for_them_are_told_to_wait() {
    let viewer = support::start(Viewer::builder().max_open_bytes(64 << 10));
    let refused = post(viewer.local_addr(), "/v1/traces", JSON, &vec![b' '; 128 << 10]);
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    // The memory is free again.
    assert_eq!(
        post(viewer.local_addr(), "/v1/traces", JSON, &[b"{}".as_slice(), &[b' '; 32 << 10]].concat()).status,
        200
    );
}

#[test]
fn broken_bodies_are_refused() {
    let viewer = support::viewer();
    // A list of 2³¹-1 structs, nested ones, a negative length, a text that is longer than the message.
    let thrift = [
        &b"\x0f\x00\x02\x0c\x7f\xff\xff\xff"[..],
        &b"\x0c\x00\x09".repeat(10_000),
        &b"\x0b\x00\x01\xff\xff\xff\xff"[..],
        &b"\x0c\x00\x01\x0b\x00\x01\x00\xff\xff\xffx"[..],
        &b"\x0e\x00\x01\x0e\x7f\xff\xff\xff"[..],
        &b"\x07\x00\x01"[..],
        &b""[..],
    ];
    for body in thrift {
        let answer = post(viewer.local_addr(), "/api/traces", "application/x-thrift", body);
        assert_eq!(answer.status, 400, "{body:x?}: {}", answer.text());
        assert!(answer.text().contains("at byte"), "{}", answer.text());
    }
    for (path, media_type, body) in [
        ("/v1/traces", PROTOBUF, &b"\xff\xff\xff"[..]),
        ("/v1/traces", PROTOBUF, &b"\x0a\xff\xff\xff\xff\x0f"[..]),
        ("/api/v2/spans", JSON, &b"{}"[..]),
        ("/api/v2/spans", JSON, &b"[{"[..]),
    ] {
        assert_eq!(post(viewer.local_addr(), path, media_type, body).status, 400, "{path} {body:x?}");
    }
    assert_eq!(viewer.store().stats().accepted, 0);
}

#[test]
fn bad_spans_of_zipkin_do_not_cost_the_others() {
    let viewer = support::viewer();
    let body = r#"[{"traceId":"1","id":"2"},{"traceId":"","id":"2"},{"traceId":"1","id":"00000000000000000"},{"traceId":"1","id":"-2"},
        {"traceId":"1","id":"3","parentId":"zz"},{"id":"3"},7,{"traceId":"1","id":"4","timestamp":-1},
        {"traceId":"1","id":"5","parentId":"0","tags":{"n":7,"error":""},"annotations":[{"timestamp":1,"value":"\"a\": {\"b\":1}"}]}]"#;
    assert_eq!(post(viewer.local_addr(), "/api/v2/spans", JSON, body.as_bytes()).status, 202);
    let spans = viewer.store().trace("1".parse().unwrap()).unwrap().spans;
    assert_eq!(spans.len(), 2);
    assert!(spans[1].is_failed && spans[1].parent_id.is_none());
    assert_eq!(spans[1].logs[0].fields.len(), 2);
    assert_eq!(viewer.handle().received().rejected, 7);
}

/// The viewer must close the connection by itself. A test waits far longer for that than the viewer.
fn silent(viewer: &Viewer, grpc: bool, sent: &[u8]) -> Answer {
    let address = if grpc { viewer.endpoints().grpc[0] } else { viewer.local_addr() };
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(sent).unwrap();
    answer(stream)
}

#[test]
fn slow_clients_are_cut_off() {
    let builder = Viewer::builder().head_timeout(Duration::from_millis(200)).body_timeout(Duration::from_millis(200));
    let viewer = support::start(builder);
    let host = format!("Host: {}\r\n", viewer.local_addr());
    let no_body =
        format!("POST /v1/traces HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n");
    let idle = format!("GET / HTTP/1.1\r\n{host}\r\n");
    let rows: [(&str, bool, &[u8], u16); 7] = [
        ("silent", false, b"", 0),
        ("half a head", false, b"GET / HTTP/1.1\r\nHo", 0),
        ("no body", false, no_body.as_bytes(), 408),
        ("half a body", false, &[no_body.as_bytes(), b"{ "].concat(), 408),
        ("idle after an answer", false, idle.as_bytes(), 200),
        ("silent, gRPC", true, b"", 0),
        ("half a preface", true, b"PRI * HTTP/2.0\r\n\r\n", 0),
    ];
    for (name, grpc, sent, status) in rows {
        let answer = silent(&viewer, grpc, sent);
        // A head that never ends may be answered with 408, too.
        assert!(answer.status == status || status == 0 && answer.status == 408, "{name}: {}", answer.status);
    }
}

#[test]
fn connections_beyond_the_limit_wait() {
    let builder = Viewer::builder().max_connections(2).head_timeout(Duration::from_millis(200));
    let viewer = support::start(builder);
    let held: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(viewer.local_addr()).unwrap()).collect();
    assert_eq!(get(viewer.local_addr(), "/", &[]).status, 200, "the silent ones were closed to make room");
    drop(held);
}

#[test]
fn other_addresses_need_a_token() {
    let error = Viewer::bind("0.0.0.0:0").unwrap_err();
    assert!(error.to_string().contains("needs a token"), "{error}");
    let error = Viewer::builder().listen("127.0.0.1:0").listen_grpc("0.0.0.0:0").start().unwrap_err();
    assert!(error.to_string().contains("needs a token"), "{error}");
    let error = Viewer::builder().token("short").start().unwrap_err();
    assert!(error.to_string().contains("at least 16"), "{error}");
    assert!(Viewer::builder().listen("0.0.0.0:0").random_token().unwrap().start().is_ok());
}

#[test]
fn a_token_opens_the_viewer() {
    const TOKEN: &str = "0123456789abcdef0123";
    let viewer = support::start(Viewer::builder().token(TOKEN));
    let address = viewer.local_addr();
    assert_eq!(viewer.url(), format!("http://{address}/?token={TOKEN}"));
    for (name, path, lines, status) in [
        ("nothing", "/", vec![], 401),
        ("a wrong link", "/?token=0123456789abcdef0124", vec![], 401),
        ("a prefix", "/?token=0123456789abcdef", vec![], 401),
        ("a wrong cookie", "/", vec!["Cookie: opentracing_viewer=x".to_owned()], 401),
        ("the cookie", "/", vec![format!("Cookie: a=b; opentracing_viewer={TOKEN}")], 200),
        ("a bearer", "/", vec![format!("Authorization: bearer {TOKEN}")], 200),
        ("a wrong bearer", "/", vec!["Authorization: Bearer x".to_owned()], 401),
        (
            "another host with the token",
            "/",
            vec![format!("Authorization: Bearer {TOKEN}"), "Host: evil.example".to_owned()],
            421,
        ),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(get(address, path, &lines).status, status, "{name}");
    }
    for (path, location) in [("/", "/"), ("/traces?a=b&", "/traces?a=b&"), ("//evil.example/", "/evil.example/")] {
        let separator = if path.contains('?') { "" } else { "?" };
        let answer = get(address, &format!("{path}{separator}token={TOKEN}"), &[]);
        assert_eq!(answer.status, 303, "{path}");
        assert_eq!(answer.header("location"), Some(location.trim_end_matches('&')), "{path}");
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    }
    assert_eq!(post(address, "/v1/traces", JSON, b"{}").status, 401);
    assert_eq!(viewer.store().traces(&Query::default()).total, 0);
    assert!(!format!("{viewer:?} {:?}", viewer.handle()).contains(TOKEN));
}

#[test]
fn a_taken_port_is_named() {
    let viewer = support::viewer();
    let error = Viewer::bind(viewer.local_addr()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&viewer.local_addr().to_string()), "{error}");
}

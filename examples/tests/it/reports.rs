//! The option `--report`.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use examples::{Environment, Report};
use serde_json::Value;

use crate::process::Program;
use crate::wire::{Callbacks, Message, send};

const SHOP: &str = env!("CARGO_BIN_EXE_acme-shop");
const RELAY: &str = env!("CARGO_BIN_EXE_relay");

/// An address that refuses connections. It is the local end of a connection, so no other process can listen on it.
struct ClosedPort {
    near: TcpStream,
    _far: TcpListener,
}

impl ClosedPort {
    fn new() -> Self {
        let far = TcpListener::bind("127.0.0.1:0").unwrap();
        ClosedPort { near: TcpStream::connect(far.local_addr().unwrap()).unwrap(), _far: far }
    }

    fn address(&self) -> SocketAddr {
        self.near.local_addr().unwrap()
    }
}

/// The lines with the deliveries of each destination.
fn deliveries(printed: &str) -> Vec<&str> {
    let mut lines = printed.lines().skip_while(|line| *line != "reported to").skip(1);
    lines.by_ref().take_while(|line| line.starts_with("  ")).map(str::trim).collect()
}

/// The number of spans in the summary of the shop.
#[track_caller]
fn spans(printed: &str) -> usize {
    let number = printed.lines().find_map(|line| line.strip_prefix("spans  "));
    number.unwrap_or_else(|| panic!("no number of spans:\n{printed}")).trim().parse().unwrap()
}

fn posted<'a>(received: &'a [Message], path: &str) -> Vec<&'a Message> {
    let line = format!("POST {path} HTTP/1.1");
    received.iter().filter(|message| message.first_line == line).collect()
}

#[test]
fn sends_each_span_to_several_backends_and_the_terminal() {
    let backends = Callbacks::start();
    let at = backends.address;
    let first = format!("zipkin=http://{at}, otlp=http://{at}");
    let second = format!("jaeger=http://{at},console,instana=http://{at}");
    let mut shop = Program::start(SHOP, &["--requests", "7", "--report", &first, "--report", &second]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert!(status.success(), "{printed}");

    let sent = format!(": {} sent", spans(printed));
    let expected = [
        "console".to_owned(),
        format!("zipkin=http://{at}"),
        format!("otlp=http://{at}"),
        format!("jaeger=http://{at}"),
        format!("instana=http://{at}"),
    ];
    assert_eq!(deliveries(printed), expected.map(|destination| destination + &sent), "{printed}");

    for line in ["zipkin: ", "otlp: ", "jaeger: ", "instana: "].map(|name| format!("{name}http://{at}/")) {
        assert!(printed.lines().any(|printed| printed.starts_with(&line)), "no check of {line}\n{printed}");
    }
    let received = backends.received();
    let zipkin: Vec<Value> = posted(&received, "/api/v2/spans").iter().map(|message| message.json()).collect();
    let zipkin: Vec<&Value> = zipkin.iter().flat_map(|request| request.as_array().unwrap()).collect();
    assert_eq!(zipkin.len(), spans(printed));
    let drawn = printed.lines().filter_map(|line| line.strip_prefix("trace ")?.split_whitespace().next());
    for trace in drawn {
        assert!(zipkin.iter().any(|span| span["traceId"] == trace), "{trace}\n{printed}");
    }
    // The tests of the reporter check the content.
    for path in ["/v1/traces", "/api/traces?format=jaeger.thrift", "/com.instana.plugin.generic.rawtrace"] {
        let requests = posted(&received, path);
        for service in ["front-end", "catalog", "payment"] {
            assert!(requests.iter().any(|request| request.body.contains(service)), "{service} at {path}");
        }
    }
}

#[test]
fn finds_backends_in_the_environment() {
    let backends = Callbacks::start();
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    agent.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (at, udp) = (backends.address, agent.local_addr().unwrap());
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{at}/base/")),
        ("ZIPKIN_URL", format!("http://{at}")),
        ("JAEGER_AGENT_HOST", udp.ip().to_string()),
        ("JAEGER_AGENT_PORT", udp.port().to_string()),
        ("INSTANA_ENDPOINT_URL", format!("http://{at}/serverless")),
        ("INSTANA_AGENT_KEY", "secret key".to_owned()),
    ];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    let options = ["--listen", "127.0.0.1:0", "--report", "otlp,zipkin,jaeger,instana"];
    let mut relay = Program::start_with(RELAY, &options, &variables);
    assert_eq!(send(relay.address(), "GET", "/call", &[], "").status(), 200);
    assert!(relay.interrupt().success(), "{}", relay.printed);

    let received = backends.received();
    for path in ["/base/v1/traces", "/api/v2/spans", "/serverless/bundle"] {
        assert_eq!(posted(&received, path).len(), 1, "{path}\n{}", relay.printed);
    }
    let mut datagram = [0; 65_536];
    let length = agent.recv(&mut datagram).unwrap();
    assert!(String::from_utf8_lossy(&datagram[..length]).contains("GET /call"));
    assert!(deliveries(&relay.printed).iter().all(|line| line.ends_with(": 1 sent")), "{}", relay.printed);
    assert!(!relay.printed.contains("secret key"), "{}", relay.printed);
}

#[test]
fn shop_works_while_backends_are_unreachable() {
    let closed = ClosedPort::new();
    let destinations = format!("zipkin=http://{0},instana=http://{0},console,otlp=grpc://{0}", closed.address());
    let mut shop = Program::start(SHOP, &["--requests", "7", "--report", &destinations]);
    let status = shop.wait();
    let printed = &shop.printed;
    assert_eq!(status.code(), Some(1), "spans were lost:\n{printed}");
    assert!(printed.contains("responses  7 of 7 as expected"), "{printed}");
    let warning = format!("zipkin: failed: no connection to http://{}/api/v2/spans: ", closed.address());
    assert!(printed.contains(&warning), "the check at the start:\n{printed}");
    // A reporter that waits for a backend may deliver spans late. They are printed as a continuation of their trace.
    let begins = |line: &&str| line.starts_with("trace ") && !line.contains("  continued  ");
    assert_eq!(printed.lines().filter(begins).count(), 7, "{printed}");

    let (spans, lines) = (spans(printed), deliveries(printed));
    assert_eq!(lines[0], format!("console: {spans} sent"));
    for line in &lines[1..] {
        assert!(line.contains(&format!(": 0 sent, {spans} lost (not sent in time): ")), "{line}");
        assert!(line.contains("refused"), "why: {line}");
    }
    assert!(printed.contains(&format!("spans lost: {}", 3 * spans)), "{printed}");
}

#[test]
fn relay_works_while_backends_are_unreachable() {
    let closed = ClosedPort::new();
    let destination = format!("jaeger=http://{}", closed.address());
    let mut relay = Program::start(RELAY, &["--listen", "127.0.0.1:0", "--report", &destination]);
    assert_eq!(send(relay.address(), "GET", "/call", &[], "").status(), 200);
    assert!(relay.interrupt().success(), "{}", relay.printed);
    let lines = deliveries(&relay.printed);
    assert!(lines[0].starts_with(&format!("{destination}: 0 sent, 1 lost (not sent in time): ")), "{}", relay.printed);
}

/// The destinations of these options, or the error.
fn destinations(lists: &[&str], variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let lookup = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
    let mut report = Report::default();
    for list in lists {
        report.add(list, &Environment::new(&lookup)).map_err(|error| error.to_string())?;
    }
    report.reporter().map(drop).map_err(|error| error.to_string())?;
    let lines = report.deliveries(&[]).to_string();
    Ok(lines.lines().map(|line| line.trim().trim_end_matches(": 0 sent").to_owned()).collect())
}

#[test]
fn reads_destinations_and_addresses() {
    #[track_caller]
    fn check(lists: &[&str], variables: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(destinations(lists, variables).unwrap(), expected, "{lists:?} {variables:?}");
    }
    check(&[], &[], &["console"]);
    check(&["none"], &[], &[]);
    let defaults = ["otlp=http://127.0.0.1:4318", "zipkin=http://127.0.0.1:9411", "jaeger=http://127.0.0.1:14268"];
    check(&["otlp,zipkin,jaeger"], &[], &defaults);
    check(&["otlp", " zipkin , jaeger"], &[("ZIPKIN_URL", ""), ("OTLP_URL", " ")], &defaults);
    check(&["instana"], &[], &["instana=http://127.0.0.1:42699"]);
    check(&["zipkin,console", "zipkin"], &[], &["console", "zipkin=http://127.0.0.1:9411"]);
    check(&["zipkin=http://a:1,zipkin=http://b:2"], &[], &["zipkin=http://a:1", "zipkin=http://b:2"]);
    check(&["zipkin=http://a:1"], &[("ZIPKIN_URL", "nonsense")], &["zipkin=http://a:1"]);
    check(&["zipkin=http://user:word@a:1"], &[], &["zipkin=http://a:1"]);
    check(&["otlp=grpc://a:1"], &[], &["otlp=grpc://a:1"]);
    check(&["otlp=grpcs://a:1"], &[], &["otlp=grpcs://a:1"]);
    check(&["jaeger=udp://[::1]:1"], &[], &["jaeger=udp://[::1]:1"]);
    check(&["jaeger=https://a:1"], &[], &["jaeger=https://a:1"]);

    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    check(&["otlp"], &[grpc], &["otlp=grpc://127.0.0.1:4317"]);
    check(&["otlp"], &[("OTLP_URL", "http://a:1"), grpc], &["otlp=grpc://a:1"]);
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1/x/");
    check(&["otlp"], &[("OTLP_URL", "http://b:2"), general], &["otlp=http://a:1/x/v1/traces"]);
    check(&["otlp"], &[general, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:3/y")], &["otlp=http://c:3/y"]);
    check(&["zipkin"], &[("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://a:1/z")], &["zipkin=http://a:1/z"]);
    let agent = ("JAEGER_AGENT_HOST", "::1");
    check(&["jaeger"], &[("JAEGER_URL", "http://b:2"), agent], &["jaeger=udp://[::1]:6831"]);
    check(&["jaeger"], &[agent, ("JAEGER_ENDPOINT", "http://c:3/api/traces")], &["jaeger=http://c:3/api/traces"]);
    check(&["instana"], &[("INSTANA_AGENT_PORT", "1")], &["instana=http://127.0.0.1:1"]);
    let serverless = [("INSTANA_ENDPOINT_URL", "https://a"), ("INSTANA_AGENT_KEY", "key")];
    check(&["instana"], &serverless, &["instana=https://a"]);
}

#[test]
fn explains_invalid_destinations() {
    #[track_caller]
    fn check(lists: &[&str], variables: &[(&str, &str)], expected: &str) {
        let error = destinations(lists, variables).unwrap_err();
        assert!(error.contains(expected), "{lists:?} {variables:?}: {error}");
    }
    let all = "expected console, otlp, zipkin, jaeger, instana or none";
    for list in ["pigeon", "", "console,", "Zipkin", "zipkin http://a:1", "pigeon=http://a:1"] {
        check(&[list], &[], all);
    }
    check(&["none,zipkin"], &[], "none cannot be combined with another destination");
    check(&["zipkin", "none"], &[], "none cannot be combined with another destination");
    check(&["console=http://a:1"], &[], "console takes no address");
    check(&["none=http://a:1"], &[], "none takes no address");
    check(&["zipkin=a:1"], &[], "--report zipkin: \"a:1\" is not a valid endpoint");
    check(&["otlp="], &[], "--report otlp: ");
    check(&["otlp=udp://a:1"], &[], "--report otlp: ");
    check(&["jaeger=udp://a:none"], &[], "--report jaeger: ");
    check(&["instana=grpc://a:1"], &[], "the scheme is grpc");
    check(&["zipkin"], &[("ZIPKIN_URL", "a:1")], "ZIPKIN_URL: \"a:1\" is not a valid endpoint");
    check(&["jaeger"], &[("JAEGER_AGENT_HOST", "a"), ("JAEGER_AGENT_PORT", "x")], "JAEGER_AGENT_HOST: ");
    check(&["otlp"], &[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")], "expected grpc or http/protobuf");
    check(&["instana"], &[("INSTANA_ENDPOINT_URL", "https://a")], "INSTANA_AGENT_KEY is not");
    check(&["instana"], &[("INSTANA_AGENT_PORT", "x")], "INSTANA_AGENT_HOST with INSTANA_AGENT_PORT: ");
}

#[test]
fn help_lists_all_destinations() {
    for program in [SHOP, RELAY] {
        let mut program = Program::start(program, &["--help"]);
        assert!(program.wait().success());
        for destination in ["console", "otlp", "zipkin", "jaeger", "instana", "none"] {
            assert!(program.printed.contains(&format!("\n  {destination} ")), "{destination}\n{}", program.printed);
        }
    }
}

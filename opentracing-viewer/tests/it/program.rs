//! The program.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Output, Stdio};

use crate::support::{get, post};

const PROGRAM: &str = env!("CARGO_BIN_EXE_opentracing-viewer");
const PORTS: [&str; 8] = ["--http-port", "0", "--grpc-port", "0", "--zipkin-port", "0", "--jaeger-port", "0"];

struct Program {
    child: Child,
    lines: Vec<String>,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        let mut child = Command::new(PROGRAM).args(PORTS).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut first = Vec::new();
        while first.last().is_none_or(|line: &String| !line.starts_with("For more")) {
            first.push(lines.next().expect("the program describes itself").unwrap());
        }
        Program { child, lines: first }
    }

    fn address(&self, kind: &str) -> SocketAddr {
        let line = self.lines.iter().find(|line| line.starts_with(kind)).unwrap();
        let url = line.split("http://").nth(1).unwrap();
        url.split('/').next().unwrap().parse().unwrap()
    }

    /// Asks it to end, as a terminal or a supervisor does.
    fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn fails(arguments: &[&str], code: i32, message: &str) {
    let output: Output = Command::new(PROGRAM).args(PORTS).args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
    assert!(error.contains(message), "{arguments:?}: {error}");
}

#[cfg(unix)]
#[test]
fn receives_at_every_port_and_ends_when_asked() {
    let program = Program::start(&[]);
    assert_eq!(post(program.address("otlp"), "/v1/traces", "application/json", b"{}").status, 200);
    assert_eq!(post(program.address("zipkin"), "/api/v2/spans", "application/json", b"[]").status, 202);
    assert_eq!(post(program.address("jaeger"), "/api/traces", "application/x-thrift", b"\0").status, 202);
    assert_eq!(get(program.address("viewer"), "/", &[]).status, 200);
    program.stop();
}

#[cfg(all(unix, feature = "sqlite"))]
#[test]
fn keeps_spans_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("traces.db");
    let program = Program::start(&["--store", file.to_str().unwrap()]);
    let span = br#"[{"traceId":"abc","id":"1","name":"kept","localEndpoint":{"serviceName":"shop"}}]"#;
    assert_eq!(post(program.address("zipkin"), "/api/v2/spans", "application/json", span).status, 202);
    program.stop();
    let viewer = opentracing_viewer::Viewer::builder().store_file(&file).start().unwrap();
    assert_eq!(viewer.store().trace("abc".parse().unwrap()).unwrap().spans[0].name.as_str(), "kept");
}

#[test]
fn says_what_is_wrong() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    fails(&["--zipkin-port", &port], 1, &format!("cannot listen at 127.0.0.1:{port}: another program listens there"));
    fails(&["--zipkin-port", &port], 1, "--zipkin-port off");
    fails(&["--listen", "0.0.0.0"], 1, "needs a token");
    fails(&["--listen", "0.0.0.0", "--token", "short"], 1, "at least 16");
    fails(&["--listen", "here"], 2, "not an IP address");
    fails(&["--memory", "1M"], 2, "at least 8 MiB");
    fails(&["--memory", "much"], 2, "not a size");
    fails(&["--wrong"], 2, "usage: opentracing-viewer");
}

#[cfg(unix)]
#[test]
fn other_addresses_work_with_a_token() {
    let program =
        Program::start(&["--listen", "0.0.0.0", "--token", "random", "--grpc-port", "off", "--memory", "16m"]);
    let url = program.lines[0].strip_prefix("viewer  http://").unwrap();
    let (address, path) = url.split_once('/').unwrap();
    let address: SocketAddr = address.parse().unwrap();
    assert!(path.starts_with("?token=") && path.len() == "?token=".len() + 32, "{path}");
    assert_eq!(get(address, "/", &[]).status, 401);
    assert_eq!(get(address, &format!("/{path}"), &[]).status, 303);
    assert!(!program.lines.iter().any(|line| line.starts_with("grpc")));
    assert!(program.lines.iter().any(|line| line.contains("16 MiB in memory")));
    program.stop();
}

#[test]
fn prints_its_usage() {
    let mut child = Command::new(PROGRAM).arg("--help").stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("--store FILE") && text.contains("otlphttp/viewer"));
    assert!(child.wait().unwrap().success());
}

//! The small programs.

use crate::process::Program;

#[test]
fn client_and_server_share_a_trace() {
    let mut server = Program::start(env!("CARGO_BIN_EXE_server"), &["127.0.0.1:0"]);
    let url = format!("http://{}/hello/Ada", server.address());
    let mut client = Program::start(env!("CARGO_BIN_EXE_client"), &[&url]);
    assert!(client.wait().success(), "{}", client.printed);
    assert!(client.printed.contains("Hello, Ada!"), "{}", client.printed);
    assert!(server.interrupt().success(), "{}", server.printed);
    assert!(server.printed.contains("GET /hello/{name}"), "{}", server.printed);
    assert_eq!(trace(&client.printed), trace(&server.printed));
}

#[track_caller]
fn trace(printed: &str) -> &str {
    let line = printed.lines().find_map(|line| line.strip_prefix("trace ")).unwrap_or_else(|| panic!("{printed}"));
    line.split_whitespace().next().unwrap_or_default()
}

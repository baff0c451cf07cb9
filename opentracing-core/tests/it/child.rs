//! Tests that need a process of their own: what is measured or broken there concerns no other test.

use std::io::Write;
use std::process::Command;

/// Set in the child process.
const CHILD: &str = "OPENTRACING_TEST_CHILD";

/// Runs the body in a child process, which is this program with that one test. Linux only, since memory is measured there.
#[track_caller]
pub(crate) fn in_child_process(test: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    if !cfg!(target_os = "linux") {
        let _ = writeln!(std::io::stderr(), "skipped: {test} runs on Linux only");
        return;
    }
    let program = std::env::current_exe().unwrap();
    let child = Command::new(program).args([test, "--exact", "--nocapture"]).env(CHILD, "1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

/// What the process has in memory.
pub(crate) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

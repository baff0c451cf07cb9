//! The code that reads and removes headers in librdkafka's memory, under valgrind's memcheck.

use std::io::Write;
use std::process::Command;

/// Runs the header tests on the mock cluster under valgrind. Invalid reads, double frees and leaked headers are errors.
#[test]
fn headers_are_read_and_removed_without_memory_errors() {
    let Some(valgrind) = std::env::var_os("VALGRIND").filter(|path| !path.is_empty()) else {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "VALGRIND is not set");
        // The test runner does not capture this stream.
        let _ = writeln!(std::io::stderr(), "skipped, VALGRIND is not set: memcheck of headers");
        return;
    };
    let output = Command::new(valgrind)
        .args(["--tool=memcheck", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"])
        .arg(concat!("--suppressions=", env!("CARGO_MANIFEST_DIR"), "/tests/valgrind.supp"))
        .arg(std::env::current_exe().unwrap())
        .args(["headers::", "--skip", "::broker", "--test-threads", "1"])
        .env_remove("CI")
        .env_remove("VALGRIND")
        .output()
        .unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{errors}", output.status);
    // The tests were run.
    assert!(out.contains("names_that_are_not_utf_8_are_skipped::mock ... ok"), "{out}");
    assert!(errors.contains("ERROR SUMMARY: 0 errors"), "{errors}");
}

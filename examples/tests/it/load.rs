//! The shop under load, with enough requests to detect a leak.

use crate::process::Program;

#[test]
fn every_request_has_one_entry_span_and_nothing_grows() {
    let mut load = Program::start(env!("CARGO_BIN_EXE_shop-load"), &["--requests", "1200"]);
    let status = load.wait();
    let printed = &load.printed;
    assert!(status.success(), "{printed}");
    assert!(printed.contains("\nentry spans  1500 requests with one, 0 with none, 0 with several\n"), "{printed}");
    assert!(printed.contains("\nspans lost   0\n"), "{printed}");
    assert!(printed.contains("\nverdict      passed"), "{printed}");
}

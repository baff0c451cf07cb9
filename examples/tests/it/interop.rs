//! The program that checks chains, with a second relay as the peer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::process::Program;

/// A folder that is deleted on drop, with one installed peer and the lists.
struct Peers(PathBuf);

impl Peers {
    /// `faults` are the lines of the list of faults.
    fn new(name: &str, rows: &str, faults: &str) -> Peers {
        let folder = std::env::temp_dir().join(format!("interop-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("relay")).unwrap();
        fs::write(folder.join("peers.txt"), rows).unwrap();
        fs::write(folder.join("faults.txt"), faults).unwrap();
        let relay = env!("CARGO_BIN_EXE_relay");
        // The names of formats in the list are those of the relay, with two exceptions.
        let script = format!(
            "#!/bin/sh\ncase $1 in w3c) f=tracecontext;; b3) f=b3single;; *) f=$1;; esac\n\
             exec {relay} --listen 127.0.0.1:0 --report none --propagators $f\n"
        );
        let run = folder.join("relay/run");
        fs::write(&run, script).unwrap();
        fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
        Peers(folder)
    }

    fn check(&self, only: &str) -> Program {
        let folder = self.0.to_str().unwrap();
        let relay = env!("CARGO_BIN_EXE_relay");
        let arguments = ["--relay", relay, "--installed", folder, "--peers", folder, "--only", only];
        Program::start(env!("CARGO_BIN_EXE_interop"), &arguments)
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ROWS: &str = "
    relay  w3c        default       # another list than that of the peer
    relay  b3         b3single
    relay  b3multi    default
    relay  jaeger     jaeger
    relay  datadog    datadog
    relay  ottrace    ottrace
    relay  xray       xray
    relay  gcp        gcp
    relay  instana    default
    relay  wavefront  wavefront";

/// The relay says nothing about its span.
const FAULTS: &str = "relay * * span Does not tell the ids of its span.";

#[test]
fn passes_contexts_between_relays_in_each_format() {
    let peers = Peers::new("all", ROWS, FAULTS);
    let mut checked = peers.check("");
    let status = checked.wait();
    assert!(status.success(), "{}", checked.printed);
    for format in ["w3c", "b3", "b3multi", "jaeger", "datadog", "ottrace", "xray", "gcp", "instana", "wavefront"] {
        let chain = format!("fault   rust→relay→rust  {format}  unsampled\n");
        assert!(checked.printed.contains(&chain), "{chain}{}", checked.printed);
    }
    assert!(checked.printed.ends_with("listed faults, 0 failed\n"), "{}", checked.printed);
}

#[test]
fn fails_if_a_fault_is_not_listed() {
    let peers = Peers::new("unlisted", ROWS, "relay xray * span Another format.\nrelay gcp * trace Another aspect.");
    let mut checked = peers.check("relay gcp");
    assert_eq!(checked.wait().code(), Some(1), "{}", checked.printed);
    assert!(checked.printed.contains("chains: 0 passed, 0 listed faults, 14 failed"), "{}", checked.printed);
    assert!(checked.printed.contains("peer, span: has no span"), "{}", checked.printed);
}

/// A relay that reads other headers than it should starts new traces.
#[test]
fn fails_if_a_trace_is_cut() {
    let peers = Peers::new("cut", "relay jaeger b3single", FAULTS);
    let mut checked = peers.check("");
    assert_eq!(checked.wait().code(), Some(1), "{}", checked.printed);
    for complaint in ["FAILED  relay→rust  jaeger  sampled", "rust, context: sent no context"] {
        assert!(checked.printed.contains(complaint), "{complaint}: {}", checked.printed);
    }
}

#[test]
fn rejects_invalid_lists_and_options() {
    let peers = Peers::new("invalid", "relay morse default", "");
    assert_eq!(peers.check("").wait().code(), Some(1));
    let missing = Path::new("/nonexistent");
    let mut checked = Program::start(env!("CARGO_BIN_EXE_interop"), &["--peers", missing.to_str().unwrap()]);
    assert_eq!(checked.wait().code(), Some(2));
}

//! Counts the instructions of all threads with callgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::case::Case;
use crate::child;
use crate::encoder::Encoder;
use crate::library::Library;

/// Bursts before counting starts.
const WARM_UP: &str = "6";

/// Instructions per operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instructions {
    /// On the thread that creates the spans.
    pub(crate) producer: f64,
    /// On all other threads, to the end of the sink.
    pub(crate) others: f64,
}

impl Instructions {
    pub(crate) fn total(self) -> f64 {
        self.producer + self.others
    }
}

pub(crate) fn is_installed() -> bool {
    let version = Command::new("valgrind").arg("--version").stdin(Stdio::null()).output();
    version.is_ok_and(|output| output.status.success())
}

/// Counts a number of bursts of the case, after a warm-up.
pub(crate) fn count(measure: &Path, case: Case, library: Library, bursts: u32) -> Result<Instructions, String> {
    let (none, all) = (run(measure, case, library, 0)?, run(measure, case, library, bursts)?);
    if all.producer == 0 {
        return Err(format!("callgrind counted nothing for {} of {}", case.name(), library.name()));
    }
    let operations = f64::from(bursts * case.burst());
    let others = all.others.saturating_sub(none.others);
    Ok(Instructions { producer: all.producer as f64 / operations, others: others as f64 / operations })
}

struct Counted {
    /// Between the two markers. The difference of two runs would be wrong, because the calibration of the clock at the start takes a
    /// varying number of instructions on this thread.
    producer: u64,
    /// In total. Callgrind starts a new part only for the thread that reaches a marker.
    others: u64,
}

/// Instructions per span on the encoding thread. `spans` is the number per burst.
pub(crate) fn count_encoding(measure: &Path, encoder: Encoder, spans: u32) -> Result<f64, String> {
    const BURSTS: u32 = 10;
    let count = |bursts: u32| {
        let own = count_inside(measure, "encode_batch", &["encode", encoder.name(), &bursts.to_string()])?;
        if own == 0 { Err(format!("callgrind counted nothing for {}", encoder.name())) } else { Ok(own) }
    };
    let (none, all) = (count(0)?, count(BURSTS)?);
    Ok(all.saturating_sub(none) as f64 / f64::from(BURSTS * spans))
}

/// Instructions of the main thread inside functions of that name, in a process with these arguments.
pub(crate) fn count_inside(measure: &Path, function: &str, arguments: &[&str]) -> Result<u64, String> {
    let toggle = format!("--toggle-collect=*{function}*");
    let parts = parts(measure, &["--collect-atstart=no", &toggle], arguments)?;
    Ok(parts.iter().filter(|part| part.is_main_thread).map(|part| part.total).sum())
}

fn run(measure: &Path, case: Case, library: Library, bursts: u32) -> Result<Counted, String> {
    let options = [
        "--dump-before=*counting_starts*",
        "--dump-before=*counting_ends*",
        // Stops counting in there, on the calling thread.
        "--toggle-collect=*between_bursts*",
        "--collect-atstart=yes",
    ];
    let command = ["bursts", case.name(), library.name(), WARM_UP, &bursts.to_string()];
    let mut counted = Counted { producer: 0, others: 0 };
    for part in parts(measure, &options, &command)? {
        match (part.is_main_thread, part.number) {
            (true, 2) => counted.producer += part.total,
            (true, _) => {}
            (false, _) => counted.others += part.total,
        }
    }
    Ok(counted)
}

/// The instructions of one thread between two dumps.
struct Part {
    is_main_thread: bool,
    /// The number of the part within its thread, from one.
    number: u32,
    total: u64,
}

fn parts(measure: &Path, options: &[&str], command: &[&str]) -> Result<Vec<Part>, String> {
    let folder = Folder::new()?;
    let out = format!("--callgrind-out-file={}", folder.0.join("out").display());
    let measure = measure.to_string_lossy();
    // Fair scheduling, because a waiting thread may otherwise spin for long under valgrind's single lock.
    let always = ["--tool=callgrind", "-q", &out, "--separate-threads=yes", "--fair-sched=try"];
    child::run("valgrind", &[&always[..], options, &[measure.as_ref()], command].concat())?;
    let mut parts = Vec::new();
    for entry in fs::read_dir(&folder.0).map_err(|error| error.to_string())?.flatten() {
        let text = fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        parts.push(Part {
            is_main_thread: field("thread:") == Some("1"),
            number: field("part:").and_then(|number| number.parse().ok()).unwrap_or(0),
            total: field("totals:").and_then(|total| total.parse().ok()).unwrap_or(0),
        });
    }
    Ok(parts)
}

/// A temporary folder for one run.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder, String> {
        let path = std::env::temp_dir().join(format!("opentracing-bench.{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // On failure a few temporary files remain.
        let _ = fs::remove_dir_all(&self.0);
    }
}

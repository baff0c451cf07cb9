//! Instructions of all threads, counted by callgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::case::Case;
use crate::child;
use crate::encoder::Encoder;
use crate::library::Library;

/// Bursts that do not count.
const WARM: &str = "6";

/// Instructions per operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instructions {
    /// Of the thread that makes the spans.
    pub(crate) producer: f64,
    /// Of all other threads, to the sink's end.
    pub(crate) others: f64,
}

impl Instructions {
    pub(crate) fn total(self) -> f64 {
        self.producer + self.others
    }
}

pub(crate) fn is_there() -> bool {
    let version = Command::new("valgrind").arg("--version").stdin(Stdio::null()).output();
    version.is_ok_and(|output| output.status.success())
}

/// Runs that many bursts of the case, after some that do not count: what happens once is over by then.
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
    /// Between the two markers. A difference of two runs would not do: the clock is calibrated on this thread at the start, in a
    /// number of instructions that depends on time.
    producer: u64,
    /// In all. Only the thread that meets a marker gets a part of its own there.
    others: u64,
}

/// Instructions per span of so many in a burst, on the thread that encodes.
pub(crate) fn count_encoding(measure: &Path, encoder: Encoder, spans: u32) -> Result<f64, String> {
    const BURSTS: u32 = 10;
    let options = ["--collect-atstart=no", "--toggle-collect=*encode_batch*"];
    let count = |bursts: u32| {
        let parts = parts(measure, &options, &["encode", encoder.name(), &bursts.to_string()])?;
        let own = parts.iter().filter(|part| part.is_main_thread).map(|part| part.total).sum::<u64>();
        if own == 0 { Err(format!("callgrind counted nothing for {}", encoder.name())) } else { Ok(own) }
    };
    let (none, all) = (count(0)?, count(BURSTS)?);
    Ok(all.saturating_sub(none) as f64 / f64::from(BURSTS * spans))
}

fn run(measure: &Path, case: Case, library: Library, bursts: u32) -> Result<Counted, String> {
    let options = [
        "--dump-before=*counting_begins*",
        "--dump-before=*counting_ends*",
        // Switched off there, on the thread that calls it.
        "--toggle-collect=*between_bursts*",
        "--collect-atstart=yes",
    ];
    let command = ["bursts", case.name(), library.name(), WARM, &bursts.to_string()];
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

/// What one thread did between two dumps.
struct Part {
    is_main_thread: bool,
    /// From one, of its thread.
    number: u32,
    total: u64,
}

fn parts(measure: &Path, options: &[&str], command: &[&str]) -> Result<Vec<Part>, String> {
    let folder = Folder::new()?;
    let out = format!("--callgrind-out-file={}", folder.0.join("out").display());
    let measure = measure.to_string_lossy();
    // Threads take turns, or a waiting one may spin for long under valgrind's single lock.
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

/// A folder for one run's files, removed afterwards.
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
        // What stays behind is a few files below the folder for temporary ones.
        let _ = fs::remove_dir_all(&self.0);
    }
}

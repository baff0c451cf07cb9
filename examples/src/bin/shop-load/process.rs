//! The process of the shop: its output, memory and file descriptors.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use examples::BoxError;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

pub(crate) struct Shop {
    child: Child,
    database: PathBuf,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) front_end: SocketAddr,
}

/// The memory and file descriptors of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footprint {
    pub(crate) resident_bytes: u64,
    pub(crate) descriptors: usize,
}

/// How long the shop may take to start or stop.
const START_STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the shop may take to notice that customers have disconnected.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);

impl Shop {
    /// Starts the shop, the binary in the same folder. It reports to `backend`.
    pub(crate) async fn open(backend: &str) -> Result<Self, BoxError> {
        let program: PathBuf = std::env::current_exe()?.with_file_name("acme-shop");
        // Not in memory: a customer who disconnects during a query closes the only connection, and would delete the database.
        let database = std::env::temp_dir().join(format!("shop-load-{}.db", std::process::id()));
        let mut child = Command::new(&program)
            .args(["--serve", "--requests", "0", "--report", &format!("zipkin={backend}")])
            .args(["--database", &format!("sqlite:{}?mode=rwc", database.display())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let stdout = child.stdout.take().ok_or("the shop has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((name, address)) = line.split_once("listening on http://")
                    && name.trim() == "front-end"
                {
                    return Ok::<SocketAddr, BoxError>(address.parse()?);
                }
            }
            Err("the shop did not start".into())
        };
        let front_end = timeout(START_STOP_TIMEOUT, listening).await??;
        Ok(Shop { child, database, lines, front_end })
    }

    /// Measures once the shop has noticed disconnects, that is, when the number of descriptors no longer falls.
    pub(crate) async fn footprint(&self) -> Result<Footprint, BoxError> {
        let started = Instant::now();
        let mut lowest = self.measure()?;
        while started.elapsed() < SETTLE_TIMEOUT {
            sleep(Duration::from_millis(50)).await;
            let now = self.measure()?;
            if now.descriptors >= lowest.descriptors && started.elapsed() > SETTLE_TIMEOUT / 10 {
                break;
            }
            lowest.descriptors = lowest.descriptors.min(now.descriptors);
        }
        Ok(Footprint { descriptors: lowest.descriptors, ..self.measure()? })
    }

    fn measure(&self) -> Result<Footprint, BoxError> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id().ok_or("the shop has ended")?));
        let status = std::fs::read_to_string(process.join("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let kib: u64 = resident.ok_or("the system does not report the memory of the shop")?.parse()?;
        let descriptors = std::fs::read_dir(process.join("fd"))?.count();
        Ok(Footprint { resident_bytes: kib * 1024, descriptors })
    }

    /// Stops the shop, and returns the number of lost spans.
    pub(crate) async fn close(&mut self) -> Result<u64, BoxError> {
        let id = self.child.id().ok_or("the shop has ended")?.to_string();
        let interrupted = Command::new("kill").args(["-INT", &id]).status().await?;
        if !interrupted.success() {
            return Err("cannot interrupt the shop".into());
        }
        let ended = async {
            let mut lost = None;
            while let Some(line) = self.lines.next_line().await? {
                if let Some(number) = line.strip_prefix("spans lost: ") {
                    lost = Some(number.trim().parse()?);
                }
            }
            self.child.wait().await?;
            lost.ok_or_else(|| BoxError::from("the shop did not print its lost spans"))
        };
        timeout(START_STOP_TIMEOUT, ended).await?
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Fails if the file does not exist.
        let _ = std::fs::remove_file(&self.database);
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = self.resident_bytes as f64 / f64::from(1 << 20);
        write!(f, "{mib:.1} MiB resident, {} file descriptors", self.descriptors)
    }
}

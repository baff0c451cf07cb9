//! Two agents in front of two gateways, each a Collector of its own process with the configurations of `deploy/collector`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::servers::{free_ports, get, wait_for};

/// Stopped and deleted on drop, the folder last.
pub(crate) struct Fleet {
    pub(crate) agents: Vec<Collector>,
    pub(crate) gateways: Vec<Collector>,
    folder: Folder,
}

/// A running Collector. Killed on drop.
pub(crate) struct Collector {
    child: Child,
    folder: PathBuf,
    pub(crate) grpc: u16,
    pub(crate) http: u16,
    health: u16,
    pub(crate) metrics: u16,
    pub(crate) span_metrics: u16,
}

/// Another process may take a port between the choice and the start.
const TRIES: usize = 5;

impl Fleet {
    /// The gateways also write what they keep to files. The variables are those of `gateway.yaml`.
    pub(crate) fn start(program: &str, variables: &[(&str, &str)]) -> Fleet {
        let folder = Folder::new();
        let mut fleet = Fleet { agents: Vec::new(), gateways: Vec::new(), folder };
        for number in 0..2 {
            let folder = fleet.folder.0.join(format!("gateway-{number}"));
            fleet.gateways.push(Collector::gateway(program, &folder, variables));
        }
        let gateways: Vec<_> = fleet.gateways.iter().map(|gateway| format!("127.0.0.1:{}", gateway.grpc)).collect();
        let gateways = format!("[{}]", gateways.join(", "));
        for number in 0..2 {
            let folder = fleet.folder.0.join(format!("agent-{number}"));
            fleet.agents.push(Collector::start(program, &folder, "agent.yaml", None, &[("GATEWAYS", &gateways)]));
        }
        fleet
    }
}

/// A new folder, deleted on drop.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("opentracing-fleet-{}-{number}", std::process::id()));
        // Left by an earlier process of the same number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Collector {
    /// It can also write what it keeps to a file, with the exporter `file`. Restarted in the same folder, it finds its queue.
    #[track_caller]
    pub(crate) fn gateway(program: &str, folder: &Path, variables: &[(&str, &str)]) -> Collector {
        fs::create_dir_all(folder).unwrap();
        let extra = folder.join("file.yaml");
        fs::write(&extra, format!("exporters: {{file: {{path: {:?}}}}}\n", folder.join("kept.jsonl"))).unwrap();
        Collector::start(program, folder, "gateway.yaml", Some(&extra), variables)
    }

    #[track_caller]
    fn start(
        program: &str,
        folder: &Path,
        config: &str,
        extra: Option<&Path>,
        variables: &[(&str, &str)],
    ) -> Collector {
        fs::create_dir_all(folder.join("queue")).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/collector").join(config);
        for _ in 0..TRIES {
            let [grpc, http, health, metrics, span_metrics] = free_ports();
            let mut command = Command::new(program);
            [Some(&*shipped), extra].into_iter().flatten().for_each(|config| {
                command.arg("--config").arg(config);
            });
            let ports = [
                ("OTLP_GRPC_PORT", grpc),
                ("OTLP_HTTP_PORT", http),
                ("HEALTH_PORT", health),
                ("METRICS_PORT", metrics),
                ("SPAN_METRICS_PORT", span_metrics),
            ];
            command.envs(ports.map(|(name, port)| (name, port.to_string()))).envs(variables.iter().copied());
            command.env("QUEUE_DIR", folder.join("queue"));
            let log = File::create(folder.join("log")).unwrap();
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
            let child = command.spawn().unwrap();
            let folder = folder.to_owned();
            let mut collector = Collector { child, folder, grpc, http, health, metrics, span_metrics };
            if collector.becomes_ready() {
                return collector;
            }
        }
        panic!("{config}:\n{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
    }

    /// Whether it serves rather than ends.
    fn becomes_ready(&mut self) -> bool {
        let health = format!("http://127.0.0.1:{}/", self.health);
        wait_for("a Collector", || match self.child.try_wait().unwrap() {
            Some(_) => Some(false),
            None => get(&health).map(|_| true),
        })
    }

    /// Its own metrics. Empty if it does not answer.
    pub(crate) fn metrics(&self) -> String {
        get(&format!("http://127.0.0.1:{}/metrics", self.metrics)).unwrap_or_default()
    }

    /// Those of the spans that it received.
    pub(crate) fn span_metrics(&self) -> String {
        get(&format!("http://127.0.0.1:{}/metrics", self.span_metrics)).unwrap_or_default()
    }

    /// The requests that a gateway wrote to its file, one JSON object per line.
    pub(crate) fn kept(&self) -> String {
        let mut kept = fs::read_to_string(self.folder.join("kept.jsonl")).unwrap_or_default();
        // The rest is still being written.
        kept.truncate(kept.rfind('\n').map_or(0, |end| end + 1));
        kept
    }

    /// The processor time that it used, as the kernel counts it.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The command may contain spaces; user and system time are the 14th and 15th fields, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: u64 = fields[11..13].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// The largest resident memory so far, in MiB.
    pub(crate) fn peak_memory_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let fields: HashMap<_, _> = status.lines().filter_map(|line| line.split_once(':')).collect();
        let peak = fields.get("VmHWM").and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak.unwrap_or_default() / 1024
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

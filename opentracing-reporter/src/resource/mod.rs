//! Detectors: facts about host, operating system, process, container and pod, as tags of the process.

mod container;
mod detected;
mod host;
mod kubernetes;
mod mounts;
mod os;
mod process;
mod source;

use std::path::PathBuf;

pub use self::detected::DetectedTags;
use self::source::Source;

/// A group of facts that [`Detectors`] can detect. The [page of `Detectors`](Detectors) lists their tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detector {
    /// Name, id and processor of the host.
    Host,
    /// The operating system.
    Os,
    /// Id, program, compiler and user of the process.
    Process,
    /// The id of the container.
    Container,
    /// Pod, namespace, node and other names in Kubernetes.
    Kubernetes,
    /// A random id of this instance of the service, and the service name in `OTEL_SERVICE_NAME`.
    Service,
}

impl Detector {
    /// All detectors.
    pub const ALL: [Detector; 6] =
        [Detector::Host, Detector::Os, Detector::Process, Detector::Container, Detector::Kubernetes, Detector::Service];
}

/// Detects facts about host, operating system, process, container and pod, as tags of the process under OpenTelemetry's names.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Console, Detector, Detectors};
///
/// let detected = Detectors::new([Detector::Host, Detector::Container]).detect();
/// let reporter = BatchReporter::new(Console::stderr());
/// let (tracer, _guard) = reporter.start(detected.add_to(Tracer::builder("shop")))?;
/// # drop(tracer);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// | detector | tag | from |
/// |---|---|---|
/// | `Host` | `host.name` | the system's host name; with another [root](Detectors::root), `etc/hostname` |
/// | | `host.id` | `etc/machine-id`, else `var/lib/dbus/machine-id` |
/// | | `host.arch` | the processor that the program is compiled for, such as `amd64` or `arm64` |
/// | `Os` | `os.type` | the system that the program is compiled for, such as `linux` or `darwin` |
/// | | `os.name`, `os.version`, `os.description` | `etc/os-release` or `usr/lib/os-release`; on other Unix systems, `uname` |
/// | `Process` | `process.pid` | the id of the process |
/// | | `process.executable.name`, `process.executable.path` | the program |
/// | | `process.runtime.name`, `.version`, `.description` | the compiler: `rustc` and its version |
/// | | `process.owner` | the name of the effective user in `etc/passwd` |
/// | `Container` | `container.id` | `proc/self/cgroup`, else `proc/self/mountinfo` |
/// | `Kubernetes` | `k8s.pod.name` | `K8S_POD_NAME`, `POD_NAME`, else the file `etc/podinfo/name` |
/// | | `k8s.pod.uid` | `K8S_POD_UID`, `POD_UID`, `etc/podinfo/uid`, else `proc/self/cgroup` and `proc/self/mountinfo` |
/// | | `k8s.namespace.name` | `K8S_NAMESPACE_NAME`, `K8S_NAMESPACE`, `POD_NAMESPACE`, `etc/podinfo/namespace`, else the mounted service account |
/// | | `k8s.node.name` | `K8S_NODE_NAME`, `NODE_NAME` |
/// | | `k8s.container.name` | `K8S_CONTAINER_NAME`, `CONTAINER_NAME`, else the mounts of the kubelet |
/// | | `k8s.deployment.name`, `k8s.cluster.name` | `K8S_DEPLOYMENT_NAME`, `K8S_CLUSTER_NAME` |
/// | `Service` | `service.name` | `OTEL_SERVICE_NAME` |
/// | | `service.instance.id` | random (a UUID of version 4), new with each detection |
///
/// In Kubernetes, variables without `K8S_` count only in a pod, which is known by `KUBERNETES_SERVICE_HOST`, the service account or
/// `etc/podinfo`. Elsewhere they may mean something else.
///
/// What cannot be found is left out: a wrong id is worse than none. With cgroup v2, containerd and Docker under Kubernetes show a container
/// only the id of its pod's sandbox, so `container.id` is left out there.
///
/// The command line is never recorded, since it may contain secrets.
#[derive(Clone, Debug)]
#[must_use = "does nothing until `detect` is called"]
pub struct Detectors {
    detectors: Vec<Detector>,
    root: PathBuf,
}

impl Detectors {
    /// Detects these groups of facts.
    pub fn new(detectors: impl IntoIterator<Item = Detector>) -> Self {
        Detectors { detectors: detectors.into_iter().collect(), root: PathBuf::from("/") }
    }

    /// Detects everything.
    pub fn all() -> Self {
        Detectors::new(Detector::ALL)
    }

    /// Sets the folder below which all files are read, `/` by default. For a container that has the file system of its host in a folder such
    /// as `/host`, and for tests.
    ///
    /// ```
    /// use opentracing_reporter::{Detector, Detectors};
    ///
    /// let host = Detectors::new([Detector::Host, Detector::Os]).root("/host").detect();
    /// let own = Detectors::new([Detector::Process, Detector::Container]).detect();
    /// # drop((host, own));
    /// ```
    pub fn root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.root = folder.into();
        self
    }

    /// Reads the files, and variables from the environment of the process. It takes less than a millisecond and never fails.
    pub fn detect(&self) -> DetectedTags {
        self.detect_with(&|name| std::env::var(name).ok())
    }

    /// Like [`detect`](Detectors::detect), with variables from a function.
    pub fn detect_with(&self, variables: &dyn Fn(&str) -> Option<String>) -> DetectedTags {
        let source = Source::new(&self.root, variables);
        let mut found = DetectedTags::default();
        for detector in &self.detectors {
            match detector {
                Detector::Host => host::detect(&source, &mut found),
                Detector::Os => os::detect(&source, &mut found),
                Detector::Process => process::detect(&source, &mut found),
                Detector::Container => found.text("container.id", container::id(&source)),
                Detector::Kubernetes => kubernetes::detect(&source, &mut found),
                Detector::Service => {
                    found.text("service.name", source.variable(&["OTEL_SERVICE_NAME"]));
                    found.text("service.instance.id", Some(uuid::Uuid::new_v4().to_string()));
                }
            }
        }
        found
    }
}

//! Detectors of host, operating system, process, container and pod.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use opentracing_core::Tracer;
use opentracing_reporter::{DetectedTags, Detector, Detectors};

/// Writes files below a new folder, which is the root of the detectors.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    files.iter().for_each(|(path, text)| write(root.path(), path, text));
    root
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn detect(detector: Detector, files: &[(&str, &str)], variables: &[(&str, &str)]) -> DetectedTags {
    let root = folder(files);
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Detectors::new([detector]).root(root.path()).detect_with(&variable)
}

fn texts(tags: &DetectedTags) -> Vec<String> {
    tags.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

#[test]
fn container_ids_are_found_in_groups_and_mounts() {
    for case in include_str!("../data/containers.txt").split("\ncase ").skip(1) {
        let (mut expected, mut files, mut path) = (BTreeMap::new(), BTreeMap::<&str, String>::new(), "");
        let (name, rest) = case.split_once('\n').expect("a case has lines");
        for line in rest.lines().filter(|line| !line.is_empty()) {
            match line.split_once(' ') {
                Some(("file", name)) => path = name,
                Some((key @ ("id" | "pod" | "container"), value)) => _ = expected.insert(key, value),
                _ => files.entry(path).or_default().extend([line, "\n"]),
            }
        }
        let root = tempfile::tempdir().expect("a folder");
        files.iter().for_each(|(path, text)| write(root.path(), path, text));
        let tags = Detectors::new([Detector::Container, Detector::Kubernetes]).root(root.path()).detect_with(&|_| None);
        for (key, tag) in [("id", "container.id"), ("pod", "k8s.pod.uid"), ("container", "k8s.container.name")] {
            let found = tags.get(tag).map_or("-".to_owned(), |value| value.to_string());
            assert_eq!(found, expected[key], "{name}: {tag}");
        }
    }
}

#[test]
fn host_and_system_are_read_below_the_root() {
    let files = [
        ("etc/hostname", "web-1\n"),
        ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        (
            "etc/os-release",
            "NAME=\"Debian GNU/Linux\"\nVERSION_ID=13\nPRETTY_NAME='Debian GNU/Linux 13 (trixie)'\nID=debian\n",
        ),
    ];
    let host = texts(&detect(Detector::Host, &files, &[]));
    assert_eq!(host[..2], ["host.name=web-1", "host.id=0123456789abcdef0123456789abcdef"]);
    assert!(host[2].starts_with("host.arch="), "{host:?}");
    let os = texts(&detect(Detector::Os, &files, &[]));
    assert!(os[0].starts_with("os.type="), "{os:?}");
    let rest = ["os.name=Debian GNU/Linux", "os.version=13", "os.description=Debian GNU/Linux 13 (trixie)"];
    assert_eq!(os[1..], rest);
}

#[test]
fn host_id_is_left_out_if_the_file_has_none() {
    let id = |files: &[(&str, &str)]| detect(Detector::Host, files, &[]).get("host.id").map(|id| id.to_string());
    assert_eq!(id(&[]), None);
    assert_eq!(id(&[("etc/machine-id", "uninitialized\n")]), None);
    let other = ("var/lib/dbus/machine-id", "fedcba9876543210fedcba9876543210");
    assert_eq!(id(&[("etc/machine-id", ""), other]).as_deref(), Some(other.1));
}

#[test]
fn process_is_described_without_its_arguments() {
    let tags = Detectors::new([Detector::Process]).detect();
    assert_eq!(tags.get("process.pid").map(|pid| pid.to_string()), Some(std::process::id().to_string()));
    let program = std::env::current_exe().expect("the program has a path");
    let path = tags.get("process.executable.path").map(|path| path.to_string());
    assert_eq!(path.as_deref(), program.to_str());
    assert_eq!(tags.get("process.runtime.name").map(|name| name.to_string()).as_deref(), Some("rustc"));
    let version = tags.get("process.runtime.version").map(|version| version.to_string()).expect("a version");
    assert!(version.starts_with("1."), "{version}");
    assert!(tags.iter().all(|(key, _)| !key.starts_with("process.command")), "{tags:?}");
}

#[cfg(unix)]
#[test]
fn owner_is_the_name_of_the_effective_user() {
    use std::os::unix::fs::MetadataExt;
    // A new file belongs to the effective user.
    let root = folder(&[("etc/passwd", "")]);
    let user = fs::metadata(root.path().join("etc/passwd")).expect("it is there").uid();
    let owner =
        || Detectors::new([Detector::Process]).root(root.path()).detect().get("process.owner").map(|it| it.to_string());
    assert_eq!(owner(), None);
    write(root.path(), "etc/passwd", &format!("other:x:{}:0::/:/bin/sh\nshop:x:{user}:0::/:/bin/sh\n", user + 1));
    assert_eq!(owner().as_deref(), Some("shop"));
}

#[test]
fn pod_is_read_from_variables_and_files() {
    #[track_caller]
    fn check(files: &[(&str, &str)], variables: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(texts(&detect(Detector::Kubernetes, files, variables)), expected);
    }
    const HOST: (&str, &str) = ("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    const ACCOUNT: (&str, &str) = ("var/run/secrets/kubernetes.io/serviceaccount/namespace", "shop");
    check(&[], &[], &[]);
    check(&[ACCOUNT], &[], &["k8s.namespace.name=shop"]);
    check(&[ACCOUNT], &[("POD_NAMESPACE", "other")], &["k8s.namespace.name=other"]);
    check(
        &[],
        &[HOST, ("POD_NAME", "cart-1"), ("NODE_NAME", "n1"), ("POD_UID", "u"), ("CONTAINER_NAME", "cart")],
        &["k8s.node.name=n1", "k8s.pod.name=cart-1", "k8s.pod.uid=u", "k8s.container.name=cart"],
    );
    check(
        &[],
        &[
            HOST,
            ("POD_NAME", "no"),
            ("K8S_POD_NAME", "cart-2"),
            ("K8S_CLUSTER_NAME", "eu"),
            ("K8S_DEPLOYMENT_NAME", "cart"),
        ],
        &["k8s.cluster.name=eu", "k8s.deployment.name=cart", "k8s.pod.name=cart-2"],
    );
    let info = [("etc/podinfo/name", "cart-3\n"), ("etc/podinfo/namespace", "shop\n"), ("etc/podinfo/uid", "u3\n")];
    check(&info, &[], &["k8s.namespace.name=shop", "k8s.pod.name=cart-3", "k8s.pod.uid=u3"]);
    // Names that others use as well count only in a pod.
    check(&[], &[("POD_NAME", "peas"), ("NODE_NAME", "builder"), ("K8S_NODE_NAME", "n2")], &["k8s.node.name=n2"]);
}

#[test]
fn each_instance_has_an_id() {
    let id = || detect(Detector::Service, &[], &[]).get("service.instance.id").expect("an id").to_string();
    let first = id();
    assert_eq!((first.len(), &first[14..15]), (36, "4"), "{first}");
    assert_ne!(first, id());
    let named = detect(Detector::Service, &[], &[("OTEL_SERVICE_NAME", "shop")]);
    assert_eq!(named.get("service.name").map(|name| name.to_string()).as_deref(), Some("shop"));
}

#[test]
fn detected_tags_belong_to_the_process() {
    let tags =
        detect(Detector::Service, &[], &[("OTEL_SERVICE_NAME", "other")]).filter(|key| key != "service.instance.id");
    assert_eq!(texts(&tags), ["service.name=other"]);
    let found = detect(Detector::Host, &[("etc/hostname", "web-1")], &[]);
    let (tracer, _drain) = tags.add_to(found.add_to(Tracer::builder("shop"))).build();
    let process = tracer.process().expect("a process");
    assert_eq!(process.service(), "shop");
    let keys: Vec<_> = process.tags().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(keys, ["host.name", "host.arch"]);
}

//! The pod in Kubernetes.

use super::detected::DetectedTags;
use super::mounts::Mount;
use super::source::Source;

/// Tags, the variables of the downward API by their usual names, and files.
const NAMES: [(&str, &[&str], &[&str]); 7] = [
    ("k8s.cluster.name", &["K8S_CLUSTER_NAME"], &[]),
    ("k8s.node.name", &["K8S_NODE_NAME", "NODE_NAME"], &[]),
    (
        "k8s.namespace.name",
        &["K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE"],
        &["etc/podinfo/namespace", "var/run/secrets/kubernetes.io/serviceaccount/namespace"],
    ),
    ("k8s.deployment.name", &["K8S_DEPLOYMENT_NAME"], &[]),
    ("k8s.pod.name", &["K8S_POD_NAME", "POD_NAME"], &["etc/podinfo/name"]),
    ("k8s.pod.uid", &["K8S_POD_UID", "POD_UID"], &["etc/podinfo/uid"]),
    ("k8s.container.name", &["K8S_CONTAINER_NAME", "CONTAINER_NAME"], &[]),
];

pub(super) fn detect(source: &Source<'_>, found: &mut DetectedTags) {
    let is_in_pod = is_in_pod(source);
    for (key, variables, files) in NAMES {
        // Outside of a pod only the first name counts, since `POD_NAME` and `NODE_NAME` may mean something else there.
        let variable = source.variable(if is_in_pod { variables } else { &variables[..1] });
        found.text(key, variable.or_else(|| source.first_file(files)));
    }
    if let Some(mounts) = source.file("proc/self/mountinfo") {
        found.text("k8s.pod.uid", Mount::all(&mounts).find_map(|mount| mount.pod()));
        found.text("k8s.container.name", Mount::all(&mounts).find_map(|mount| mount.pod_container()));
    }
    if let Some(groups) = source.file("proc/self/cgroup") {
        found.text("k8s.pod.uid", groups.split(['/', ':', '\n']).find_map(in_group));
    }
}

/// The kubelet sets this variable in every container, and mounts the service account unless the pod does not want it.
fn is_in_pod(source: &Source<'_>) -> bool {
    source.variable(&["KUBERNETES_SERVICE_HOST"]).is_some()
        || source.file("var/run/secrets/kubernetes.io/serviceaccount/namespace").is_some()
        || source.first_file(&["etc/podinfo/name", "etc/podinfo/uid"]).is_some()
}

/// The id of the pod in the name of a control group: `pod{id}`, or `kubepods-burstable-pod{id}.slice` with underscores for hyphens.
fn in_group(name: &str) -> Option<String> {
    let name = name.strip_suffix(".slice").unwrap_or(name);
    let id = match name.strip_prefix("pod") {
        Some(id) => id,
        None => name.strip_prefix("kubepods-")?.rsplit_once("pod")?.1,
    };
    let id = id.replace('_', "-");
    (id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')).then_some(id)
}

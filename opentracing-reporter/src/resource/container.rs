//! The container.

use super::mounts::Mount;
use super::source::Source;

pub(super) fn id(source: &Source<'_>) -> Option<String> {
    let by_cgroup = source.file("proc/self/cgroup").and_then(|text| by_cgroup(&text).map(str::to_owned));
    by_cgroup.or_else(|| by_mounts(&source.file("proc/self/mountinfo")?).map(str::to_owned))
}

/// The id in a control group, such as `4:memory:/docker/{id}`, `…/cri-containerd-{id}.scope` or `…:cri-containerd:{id}`. With cgroup v2 the
/// path in a container's own namespace is only `0::/`.
fn by_cgroup(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let path = line.splitn(3, ':').nth(2)?;
        path.rsplit('/').find_map(in_group)
    })
}

/// The id in the name of one group. The group of a container's monitor has the same id, but not the container's processes.
fn in_group(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".scope").unwrap_or(name);
    let name = name.rsplit(':').next()?;
    if is_ecs_id(name) {
        return Some(name);
    }
    let (runtime, id) = name.rsplit_once('-').unwrap_or(("", name));
    (is_id(id) && !runtime.ends_with("conmon")).then_some(id)
}

/// The id in the path of a file that the runtime mounts: Docker's `…/containers/{id}/hostname`, Podman's
/// `…/overlay-containers/{id}/userdata/hostname`.
fn by_mounts(text: &str) -> Option<&str> {
    let mounts = Mount::all(text);
    let at = |point: &str| {
        let mut mounts = mounts.clone().filter(|mount| mount.point == point);
        mounts.find_map(|mount| in_path(mount.root))
    };
    let of_pod = ["/etc/hostname", "/etc/resolv.conf"].iter().find_map(|point| at(point));
    let of_container = at("/run/.containerenv");
    let is_in_pod =
        mounts.clone().any(|mount| mount.pod().is_some() || mount.point.ends_with("/kubernetes.io/serviceaccount"));
    // The containers of a pod share these files, which then have the id of the pod's sandbox.
    match is_in_pod {
        true => of_container.filter(|id| Some(*id) != of_pod),
        false => of_container.or(of_pod),
    }
}

fn in_path(path: &str) -> Option<&str> {
    let mut folder = "";
    path.split('/').find(|segment| {
        let is_found = folder.ends_with("containers") && is_id(segment);
        folder = segment;
        is_found
    })
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The form of Amazon's Fargate: 32 digits of the task, and a number.
fn is_ecs_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(task, number)| {
        let is_number = !number.is_empty() && number.len() <= 20 && number.bytes().all(|byte| byte.is_ascii_digit());
        task.len() == 32 && task.bytes().all(|byte| byte.is_ascii_hexdigit()) && is_number
    })
}

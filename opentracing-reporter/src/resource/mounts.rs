//! The table of mounts of the process.

/// A mount, of which the fields are used that name files (`man proc_pid_mountinfo`).
pub(super) struct Mount<'t> {
    /// The file or folder of the file system that is mounted.
    pub(super) root: &'t str,
    /// Where it is mounted.
    pub(super) point: &'t str,
}

impl<'t> Mount<'t> {
    pub(super) fn all(text: &'t str) -> impl Iterator<Item = Mount<'t>> + Clone {
        text.lines().filter_map(|line| {
            let mut fields = line.split(' ');
            Some(Mount { root: fields.nth(3)?, point: fields.next()? })
        })
    }

    /// The id of the pod for which the kubelet made this file or folder: `…/pods/{id}/…`.
    pub(super) fn pod(&self) -> Option<&'t str> {
        let id = self.segment_after("pods")?;
        let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        // Static pods have the digest of their file as an id.
        (is_id || (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))).then_some(id)
    }

    /// The name of the container for which the kubelet made this file: `…/pods/{id}/containers/{name}/…`.
    pub(super) fn pod_container(&self) -> Option<&'t str> {
        self.pod().and(self.segment_after("containers"))
    }

    fn segment_after(&self, folder: &str) -> Option<&'t str> {
        let mut segments = self.root.split('/');
        segments.by_ref().find(|segment| *segment == folder)?;
        segments.next()
    }
}

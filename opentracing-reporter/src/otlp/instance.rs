//! The id of this process as an instance of its service.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

/// A random UUID (version 4), which the resource conventions recommend where the platform gives no id. The same for all transports.
pub(super) fn id() -> &'static str {
    static ID: LazyLock<String> = LazyLock::new(|| {
        let random = || RandomState::new().build_hasher().finish();
        let version = random() & !0xf000 | 0x4000;
        let variant = random() & !(0b11 << 62) | 0b10 << 62;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            version >> 32,
            version >> 16 & 0xffff,
            version & 0xffff,
            variant >> 48,
            variant & 0xffff_ffff_ffff
        )
    });
    &ID
}

//! Queries to the operating system. They return `None` on other systems than Linux.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use core_affinity::CoreId;

/// Pins the calling thread, and threads that it starts later, to one processor, counted from the last one. Does nothing if there are
/// too few processors.
pub(crate) fn pin(from_last: usize) {
    static PROCESSORS: LazyLock<Vec<CoreId>> = LazyLock::new(|| core_affinity::get_core_ids().unwrap_or_default());
    if let Some(processor) = PROCESSORS.iter().rev().nth(from_last) {
        core_affinity::set_for_current(*processor);
    }
}

/// Resident memory now and at its peak, in KiB.
pub(crate) fn resident_kib() -> Option<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok();
    Some((field("VmRSS:")?, field("VmHWM:")?))
}

/// The CPU time of all running threads, in nanoseconds.
pub(crate) fn processor_ns() -> Option<u64> {
    let mut sum = 0;
    for thread in fs::read_dir("/proc/self/task").ok()? {
        // The thread may have ended.
        let Ok(times) = fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        sum += times.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(sum)
}

/// Waits until the processors are idle for a moment. Returns `false` after the time limit.
pub(crate) fn wait_until_idle(limit: Duration) -> bool {
    let end = Instant::now() + limit;
    loop {
        let Some(before) = processor_ticks() else { return true };
        std::thread::sleep(Duration::from_millis(250));
        let Some(after) = processor_ticks() else { return true };
        let (busy, all) = (after.0 - before.0, after.1 - before.1);
        if busy * 20 <= all {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
    }
}

/// Ticks of all processors since boot: busy and total.
fn processor_ticks() -> Option<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> = stat.lines().next()?.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
    let all = ticks.iter().take(8).sum::<u64>();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((all - idle, all))
}

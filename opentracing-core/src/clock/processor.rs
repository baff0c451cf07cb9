//! The processor's time stamp counter, and whether it can be used as a clock.

/// The time stamp counter, if the Linux kernel lists it as a clock source.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
mod counter {
    #[inline]
    pub(crate) fn ticks() -> u64 {
        safe_arch::read_timestamp_counter()
    }

    /// The kernel removes the counter from its list when the rate changes, when the counter stops in idle states, or when the counters of
    /// the processors differ.
    pub(crate) fn is_steady() -> bool {
        const LIST: &str = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
        std::fs::read_to_string(LIST).is_ok_and(|sources| sources.split_whitespace().any(|source| source == "tsc"))
    }
}

/// No counter on other platforms, nor under Miri, which does not support the instruction.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
mod counter {
    #[inline]
    pub(crate) fn ticks() -> u64 {
        0
    }

    pub(crate) fn is_steady() -> bool {
        false
    }
}

pub(crate) use self::counter::{is_steady, ticks};

//! Statistics of a propagator.

use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::lock;

/// Statistics of a [`Propagator`](crate::propagation::Propagator).
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PropagatorStats {
    /// Malformed fields, which were treated as absent. Counted also if another field had a usable context.
    pub malformed: u64,
    /// Baggage items that were not read or written, because of a limit or because their name cannot be written.
    pub baggage_dropped: u64,
}

/// How many new traces were started because a header was invalid.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RestartStats {
    /// The first invalid header, `traceparent` for example.
    pub header: &'static str,
    /// What is wrong with it; never its content, which may be private.
    pub reason: Cow<'static, str>,
    /// The number of new traces.
    pub traces: u64,
}

impl RestartStats {
    /// Adds to the row of the same header and reason.
    pub(crate) fn add_to(self, list: &mut Vec<RestartStats>) {
        match list.iter_mut().find(|stats| stats.header == self.header && stats.reason == self.reason) {
            Some(stats) => stats.traces += self.traces,
            None => list.push(self),
        }
    }
}

/// The restarts of one propagator. A clone starts empty.
#[derive(Default, Debug)]
pub(crate) struct Restarts(Mutex<Vec<RestartStats>>);

impl Restarts {
    /// The maximum number of rows, since formats of other crates may have any number of reasons.
    const MAX: usize = 64;

    #[cold]
    pub(crate) fn add(&self, header: &'static str, reason: Cow<'static, str>) {
        let mut list = lock(&self.0);
        let is_full = list.len() >= Self::MAX;
        let is_known = list.iter().any(|stats| stats.header == header && stats.reason == reason);
        let reason = if is_full && !is_known { Cow::Borrowed("another reason") } else { reason };
        let header = if is_full && !is_known { "other headers" } else { header };
        RestartStats { header, reason, traces: 1 }.add_to(&mut list);
    }

    pub(crate) fn add_to(&self, all: &mut Vec<RestartStats>) {
        lock(&self.0).iter().cloned().for_each(|stats| stats.add_to(all));
    }
}

impl Clone for Restarts {
    fn clone(&self) -> Self {
        Restarts::default()
    }
}

/// Statistics of one format of a propagator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FormatStats {
    /// The name of the format, for example `b3`.
    pub name: &'static str,
    /// Carriers with a malformed field of the format.
    pub malformed: u64,
    /// Carriers in which the format had a context of another trace than the one that was used.
    pub ignored: u64,
}

impl FormatStats {
    /// Creates statistics of zero for the format of that name.
    pub fn new(name: &'static str) -> Self {
        FormatStats { name, malformed: 0, ignored: 0 }
    }

    /// Adds these statistics to the entry of that name in the list.
    pub(crate) fn add_to(self, list: &mut Vec<FormatStats>) {
        match list.iter_mut().find(|stats| stats.name == self.name) {
            Some(stats) => {
                stats.malformed += self.malformed;
                stats.ignored += self.ignored;
            }
            None => list.push(self),
        }
    }
}

/// The counters of one format. Any thread may write them, which is rare. A clone starts at zero.
#[derive(Default, Debug)]
pub(crate) struct FormatCounters {
    malformed: AtomicU64,
    ignored: AtomicU64,
}

impl FormatCounters {
    #[cold]
    pub(crate) fn add(&self, malformed: bool, ignored: bool) {
        self.malformed.fetch_add(malformed.into(), Ordering::Relaxed);
        self.ignored.fetch_add(ignored.into(), Ordering::Relaxed);
    }

    pub(crate) fn stats(&self, name: &'static str) -> FormatStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FormatStats { name, malformed: get(&self.malformed), ignored: get(&self.ignored) }
    }
}

impl Clone for FormatCounters {
    fn clone(&self) -> Self {
        FormatCounters::default()
    }
}

/// The counters of a propagator. Any thread may write them, which is rare. A clone starts at zero.
#[derive(Default, Debug)]
pub(crate) struct Counters {
    malformed: AtomicU64,
    baggage_dropped: AtomicU64,
}

impl Counters {
    pub(crate) const fn new() -> Self {
        Counters { malformed: AtomicU64::new(0), baggage_dropped: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, malformed: u32, baggage_dropped: u32) {
        if malformed > 0 {
            self.malformed.fetch_add(malformed.into(), Ordering::Relaxed);
        }
        if baggage_dropped > 0 {
            self.baggage_dropped.fetch_add(baggage_dropped.into(), Ordering::Relaxed);
        }
    }

    pub(crate) fn stats(&self) -> PropagatorStats {
        PropagatorStats {
            malformed: self.malformed.load(Ordering::Relaxed),
            baggage_dropped: self.baggage_dropped.load(Ordering::Relaxed),
        }
    }
}

impl Clone for Counters {
    fn clone(&self) -> Self {
        Counters::new()
    }
}

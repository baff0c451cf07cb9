//! A sketch of durations.

use std::time::Duration;

/// Counts durations in buckets whose widths grow with the duration, so that any quantile is known to within a sixteenth of itself. Two
/// sketches merge by adding their buckets. Uses 4 bytes for each bucket from the shortest to the longest duration, 2 KiB at most.
///
/// The layout is that of `HdrHistogram`: the powers of two, each divided into 16 buckets of equal width.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    /// The buckets from `first` on.
    counts: Vec<u32>,
    first: usize,
    total: u64,
}

/// The buckets of each power of two, as a power of two.
const PRECISION: u32 = 4;
/// Durations up to 2^10 ns, about a microsecond, share the first bucket.
const SHORTEST: u32 = 10;
/// Durations from 2^42 ns on, about 73 minutes, share the last bucket.
const LONGEST: u32 = 42;
const BUCKETS: usize = ((LONGEST - SHORTEST) << PRECISION) as usize;

impl Sketch {
    pub(super) fn record(&mut self, duration_ns: u64) {
        let bucket = bucket(duration_ns);
        match bucket.checked_sub(self.first).and_then(|place| self.counts.get_mut(place)) {
            Some(count) => *count = count.saturating_add(1),
            None => *self.grow_to(bucket) += 1,
        }
        self.total += 1;
    }

    #[cold]
    fn grow_to(&mut self, bucket: usize) -> &mut u32 {
        // By whole powers of two, so that it grows a few times only.
        let start = bucket >> PRECISION << PRECISION;
        if self.counts.is_empty() {
            self.first = start;
        } else if start < self.first {
            let gap = self.first - start;
            self.counts.splice(0..0, std::iter::repeat_n(0, gap));
            self.first = start;
        }
        let wanted = start + (1 << PRECISION) - self.first;
        if self.counts.len() < wanted {
            self.counts.resize(wanted, 0);
        }
        let place = bucket - self.first;
        &mut self.counts[place]
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The duration up to which this share of both sketches together lies. It is rounded up, so that durations of the same bucket are not
    /// longer. `None` if both are empty.
    pub(super) fn quantile_of_both(&self, other: &Sketch, quantile: f64) -> Option<Duration> {
        let total = self.total + other.total;
        if total == 0 {
            return None;
        }
        let rank = ((total as f64 * quantile).ceil() as u64).clamp(1, total);
        let (from, to) = (self.from(other), self.end().max(other.end()));
        let mut seen = 0;
        for bucket in from..to {
            seen += u64::from(self.at(bucket)) + u64::from(other.at(bucket));
            if seen >= rank {
                return Some(Duration::from_nanos(upper_bound_ns(bucket)));
            }
        }
        None
    }

    fn from(&self, other: &Sketch) -> usize {
        match (self.counts.is_empty(), other.counts.is_empty()) {
            (true, _) => other.first,
            (_, true) => self.first,
            _ => self.first.min(other.first),
        }
    }

    fn end(&self) -> usize {
        self.first + self.counts.len()
    }

    fn at(&self, bucket: usize) -> u32 {
        bucket.checked_sub(self.first).and_then(|place| self.counts.get(place)).copied().unwrap_or(0)
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }
}

#[inline]
fn bucket(duration_ns: u64) -> usize {
    let clamped = duration_ns.clamp(1 << SHORTEST, (1 << LONGEST) - 1);
    let power = 63 - clamped.leading_zeros();
    let within = (clamped >> (power - PRECISION)) & ((1 << PRECISION) - 1);
    ((power - SHORTEST) << PRECISION) as usize + within as usize
}

fn upper_bound_ns(bucket: usize) -> u64 {
    if bucket + 1 >= BUCKETS {
        return u64::MAX;
    }
    let next = bucket + 1;
    let power = SHORTEST + (next >> PRECISION) as u32;
    let within = (next & ((1 << PRECISION) - 1)) as u64;
    (1 << power) + (within << (power - PRECISION)) - 1
}

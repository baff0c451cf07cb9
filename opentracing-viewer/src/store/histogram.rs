//! A log-linear histogram of durations.

/// The distribution of durations: 32 buckets for each power of two, so a quantile is off by 1.6 % at most. Memory grows with the range
/// between the shortest and the longest duration: 128 bytes for each power of two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u32>,
    /// The bucket of `counts[0]`.
    first: usize,
    total: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// log2 of the buckets for each power of two.
const STEPS: u32 = 5;

impl Histogram {
    /// Creates an empty histogram.
    pub fn new() -> Self {
        Histogram::default()
    }

    /// Adds a duration in nanoseconds.
    pub fn record(&mut self, ns: u64) {
        (self.min, self.max) = if self.total == 0 { (ns, ns) } else { (self.min.min(ns), self.max.max(ns)) };
        self.total += 1;
        self.sum += u128::from(ns);
        let count = self.at(bucket(ns));
        *count = count.saturating_add(1);
    }

    /// Adds all durations of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if other.total == 0 {
            return;
        }
        (self.min, self.max) =
            if self.total == 0 { (other.min, other.max) } else { (self.min.min(other.min), self.max.max(other.max)) };
        self.total += other.total;
        self.sum += other.sum;
        for (index, &add) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = self.at(other.first + index);
            *count = count.saturating_add(add);
        }
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The mean in nanoseconds; zero if empty.
    pub fn mean(&self) -> u64 {
        (self.sum / u128::from(self.total.max(1))) as u64
    }

    /// The shortest duration in nanoseconds; zero if empty.
    pub fn min(&self) -> u64 {
        self.min
    }

    /// The longest duration in nanoseconds; zero if empty.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// A quantile in nanoseconds, such as 0.95, as the middle of its bucket; `None` if empty.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((share.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        self.buckets().find_map(|(lower, upper, count)| {
            seen += u64::from(count);
            (seen >= rank).then(|| (lower + (upper - lower) / 2).clamp(self.min, self.max))
        })
    }

    /// The buckets that are not empty, in order: lower bound (inclusive), upper bound (inclusive), and count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u32)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(index, &count)| {
            let (lower, upper) = bounds(self.first + index);
            (lower, upper, count)
        })
    }

    fn at(&mut self, bucket: usize) -> &mut u32 {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.first - bucket));
            self.first = bucket;
        }
        let index = bucket - self.first;
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        &mut self.counts[index]
    }
}

/// Up to 63 each value has a bucket of its own.
fn bucket(ns: u64) -> usize {
    let octave = (63 - (ns | 1).leading_zeros()).saturating_sub(STEPS);
    ((octave as usize) << STEPS) + (ns >> octave) as usize
}

fn bounds(bucket: usize) -> (u64, u64) {
    let octave = (bucket >> STEPS).saturating_sub(1);
    let lower = ((bucket - (octave << STEPS)) as u64) << octave;
    (lower, lower + ((1_u64 << octave) - 1))
}

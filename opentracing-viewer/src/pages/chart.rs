//! Bars and lines as SVG, whose places are attributes: the pages allow no styles in the markup.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::analysis::Calls;
use crate::pages::format::{Length, Share};
use crate::store::{Scope, Store, TimelineBucket};

/// The last minutes as bars of calls and failures, and a line of durations.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) bars: Vec<Bar>,
    /// The points of the line of the 95th percentile.
    pub(super) line: String,
    pub(super) total: u64,
    pub(super) failed: u64,
    pub(super) failed_share: Share,
    pub(super) p50: Length,
    pub(super) p95: Length,
    pub(super) highest: Length,
    pub(super) minutes: u64,
}

/// One bar, in units of the drawing.
#[derive(Debug, Default)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
    pub(super) failed_y: String,
    pub(super) failed_height: String,
    pub(super) title: String,
}

/// The size of the drawings.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 48.0;
const STEPS: u64 = 60;

pub(super) fn now_ns() -> u64 {
    ns_since_1970(SystemTime::now())
}

pub(super) fn ns_since_1970(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl Timeline {
    /// The last `minutes` before `until_ns`.
    pub(super) fn read(store: &Store, scope: Scope, minutes: u64, until_ns: u64) -> Timeline {
        let step = minutes * 60_000_000_000 / STEPS;
        let until = until_ns / step * step + step;
        let from = until.saturating_sub(step * STEPS);
        let scope = Scope { from_unix_ns: Some(from), until_unix_ns: Some(until), ..scope };
        Timeline::new(&store.timeline(&scope, step), from, step, minutes)
    }

    fn new(buckets: &[TimelineBucket], from: u64, step: u64, minutes: u64) -> Timeline {
        let most = buckets.iter().map(|bucket| bucket.spans).max().unwrap_or(0).max(1) as f64;
        let p95 = |bucket: &TimelineBucket| bucket.durations.quantile(0.95).unwrap_or(0);
        let highest = buckets.iter().map(p95).max().unwrap_or(0);
        let mut all = Calls::default();
        let (mut bars, mut line) = (Vec::with_capacity(buckets.len()), String::new());
        let width = WIDTH / STEPS as f64;
        for bucket in buckets.iter().filter(|bucket| bucket.spans > 0 && bucket.start_unix_ns >= from) {
            all.durations.merge(&bucket.durations);
            all.failed += bucket.failed;
            let x = (bucket.start_unix_ns - from) as f64 / step as f64 * width;
            let height = (bucket.spans as f64 / most * HEIGHT).max(1.0);
            let failed = bucket.failed as f64 / most * HEIGHT;
            let failed = if bucket.failed > 0 { failed.max(2.0) } else { 0.0 };
            bars.push(Bar {
                x: format!("{x:.1}"),
                y: format!("{:.1}", HEIGHT - height),
                width: format!("{:.1}", width - 1.0),
                height: format!("{height:.1}"),
                failed_y: format!("{:.1}", HEIGHT - failed),
                failed_height: format!("{failed:.1}"),
                title: format!("{} spans, {} failed, p95 {}", bucket.spans, bucket.failed, Length(p95(bucket))),
            });
            let y = HEIGHT - 1.0 - p95(bucket) as f64 / highest.max(1) as f64 * (HEIGHT - 4.0);
            line += &format!("{:.1},{y:.1} ", x + width / 2.0);
        }
        Timeline {
            bars,
            line,
            total: all.count(),
            failed: all.failed,
            failed_share: Share(all.failed_share()),
            p50: Length(all.quantile(0.5)),
            p95: Length(all.quantile(0.95)),
            highest: Length(highest),
            minutes,
        }
    }
}

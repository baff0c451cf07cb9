//! Ticks of the built-in counter: the processor's, or std's clock in nanoseconds if that counter is not steady.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::clock::counter::TickReading;
use crate::clock::processor;
use crate::clock::wall::unix_ns;

/// A moment on a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticks(pub(crate) u64);

impl Ticks {
    /// Earlier than every moment that is read.
    pub(crate) const ZERO: Ticks = Ticks(0);

    #[inline]
    pub(crate) fn now() -> Ticks {
        if COUNTER.load(Ordering::Relaxed) == PROCESSOR { Ticks(processor::ticks()) } else { Ticks(other_ticks()) }
    }

    /// The time since this moment, by the rate measured so far.
    pub(crate) fn elapsed(self) -> Duration {
        let rate = f64::from_bits(NS_PER_TICK.load(Ordering::Relaxed));
        let rate = if rate > 0.0 { rate } else { rate_so_far() };
        Duration::from_nanos((Ticks::now().0.saturating_sub(self.0) as f64 * rate) as u64)
    }
}

/// Reads the counter and the clocks together. Returns the quickest of several tries, since a try may be interrupted.
pub(crate) fn read() -> TickReading {
    let start = start();
    let mut best: Option<TickReading> = None;
    for _ in 0..TRIES {
        let before = Ticks::now().0;
        let (monotonic, wall) = (Instant::now(), SystemTime::now());
        let width = Ticks::now().0.saturating_sub(before);
        if best.is_none_or(|best| width < best.width) {
            let monotonic_ns = nanos(monotonic.saturating_duration_since(start.instant));
            best = Some(TickReading { ticks: before + width / 2, monotonic_ns, unix_ns: unix_ns(wall), width });
        }
        if width <= QUICK {
            break;
        }
    }
    best.unwrap_or(TickReading::new(0, 0, 0))
}

/// Sets the rate that a drain has measured. All tracers of the process share the counter.
pub(crate) fn publish_rate(ns_per_tick: f64) {
    NS_PER_TICK.store(ns_per_tick.to_bits(), Ordering::Relaxed);
}

/// The average rate since the first tracer was built. Used until a drain has measured it.
#[cold]
fn rate_so_far() -> f64 {
    let start = start();
    let (ticks, now) = (Ticks::now().0, Instant::now());
    nanos(now.saturating_duration_since(start.instant)) as f64 / ticks.saturating_sub(start.ticks).max(1) as f64
}

#[inline(never)]
fn other_ticks() -> u64 {
    let start = start();
    if COUNTER.load(Ordering::Relaxed) == PROCESSOR { processor::ticks() } else { system_ticks(start.instant) }
}

/// Never returns zero, which is `Ticks::ZERO`.
fn system_ticks(start: Instant) -> u64 {
    nanos(start.elapsed()) + 1
}

/// The value of the counter when it was chosen.
struct Start {
    instant: Instant,
    ticks: u64,
}

/// Chooses the counter when the first tracer is built.
fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| {
        let steady = processor::is_steady();
        let instant = Instant::now();
        let ticks = if steady { processor::ticks() } else { system_ticks(instant) };
        COUNTER.store(if steady { PROCESSOR } else { SYSTEM }, Ordering::Relaxed);
        Start { instant, ticks }
    })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

static COUNTER: AtomicU8 = AtomicU8::new(UNDECIDED);
const UNDECIDED: u8 = 0;
const PROCESSOR: u8 = 1;
const SYSTEM: u8 = 2;

/// The bits of an `f64`; zero until the rate is known.
static NS_PER_TICK: AtomicU64 = AtomicU64::new(0);

const TRIES: usize = 5;
/// A reading of at most this many ticks was not interrupted: that is at most a microsecond on any counter faster than 1 GHz.
const QUICK: u64 = 1_000;

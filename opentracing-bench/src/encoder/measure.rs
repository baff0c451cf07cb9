//! Measures one encoder in the measuring process.

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::{Encoder, SPANS, opentelemetry, opentracing};
use crate::measure::{Allocations, print};
use crate::system::pin;

/// Creates spans, encodes them, and sends them to a server that discards them.
pub(crate) trait Encodes {
    /// Creates [`SPANS`] spans, and encodes them inside [`Meter::around`].
    ///
    /// # Errors
    ///
    /// If some spans were not sent.
    fn burst(&mut self) -> Result<(), String>;

    /// The size of all bodies so far.
    fn bytes(&self) -> u64;

    /// The last body.
    fn body(&self) -> Vec<u8>;
}

/// Time and allocations of encoding.
#[derive(Clone, Default)]
pub(crate) struct Meter {
    figures: Arc<[AtomicU64; 2]>,
    counter: Option<Allocations>,
}

impl Meter {
    /// Measures the closure.
    pub(crate) fn around(&self, mut encode: impl FnMut()) {
        let allocations = || self.counter.map_or(0, |count| count());
        let (before, start) = (allocations(), Instant::now());
        encode_batch(&mut encode);
        let ns = start.elapsed().as_nanos() as u64;
        self.figures[0].fetch_add(ns, Ordering::Relaxed);
        self.figures[1].fetch_add(allocations() - before, Ordering::Relaxed);
    }

    /// Nanoseconds and allocations since the last call.
    fn take(&self) -> [u64; 2] {
        [0, 1].map(|at| self.figures[at].swap(0, Ordering::Relaxed))
    }
}

/// Callgrind counts inside this function.
#[inline(never)]
fn encode_batch(encode: &mut dyn FnMut()) {
    encode();
    black_box(());
}

/// The first bursts, which grow buffers and pools and do not count.
const WARM_UP: u32 = 4;

/// Runs a number of bursts on one processor. The threads that send the bytes use another one.
pub(crate) fn encode(encoder: &str, bursts: u32, counter: Option<Allocations>) -> Result<(), String> {
    let meter = Meter { counter, ..Meter::default() };
    let mut encodes = set_up(encoder.parse()?, meter.clone())?;
    for _ in 0..WARM_UP {
        encodes.burst()?;
    }
    meter.take();
    let bytes = encodes.bytes();
    let (mut ns, mut allocations) = (Vec::new(), 0);
    for _ in 0..bursts {
        encodes.burst()?;
        let [taken, allocated] = meter.take();
        ns.push(taken as f64 / f64::from(SPANS));
        allocations += allocated;
    }
    ns.sort_by(f64::total_cmp);
    let spans = f64::from(SPANS * bursts.max(1));
    print("ns", ns.get(ns.len() / 2).copied().unwrap_or(f64::NAN))?;
    print("bytes", (encodes.bytes() - bytes) as f64 / spans)?;
    print("allocations", allocations as f64 / spans)
}

/// Writes the body of one burst to standard output.
pub(crate) fn body(encoder: &str) -> Result<(), String> {
    let mut encodes = set_up(encoder.parse()?, Meter::default())?;
    encodes.burst()?;
    std::io::stdout().write_all(&encodes.body()).map_err(|error| error.to_string())
}

fn set_up(encoder: Encoder, meter: Meter) -> Result<Box<dyn Encodes>, String> {
    pin(1);
    let encodes = match encoder {
        Encoder::OpenTelemetry => opentelemetry::set_up(meter)?,
        ours => opentracing::set_up(ours, meter)?,
    };
    pin(0);
    Ok(encodes)
}

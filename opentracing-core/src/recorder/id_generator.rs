//! Where new ids come from.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

#[cfg(not(miri))]
use forkguard::Guard as ForkGuard;
// Miri does not know the handlers of a fork, and cannot fork.
#[cfg(miri)]
use forkguard::noop::Guard as ForkGuard;

use crate::model::ids::{SpanId, TraceId};
use crate::recorder::local;

/// Makes ids for a tracer. Called on the thread that starts the span, so it must be quick, and must not block or panic.
///
/// An id of zero is replaced by the recorder with one of its own.
pub trait IdGenerator: Send + Sync + fmt::Debug + 'static {
    /// A new trace id. With 64-bit ids the high half is zero.
    fn trace_id(&self) -> TraceId;

    /// A new span id, unique within its trace.
    fn span_id(&self) -> SpanId;

    /// Whether the lower 56 bits of the trace ids are random, which W3C Trace Context level 2 tells the next service by a flag.
    fn is_random(&self) -> bool {
        false
    }
}

/// How many bits the trace ids that a tracer makes itself have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum TraceIdWidth {
    /// 64 bits, as the official Instana tracers make them.
    Bits64,
    /// 128 bits, the default.
    #[default]
    Bits128,
}

/// wyrand with a private increment: fast and well mixed, not cryptographic. Ids are unguessable across processes because of the
/// seed, but whoever sees many ids of one thread could compute the next.
struct Ids {
    state: Cell<u64>,
    secret: Cell<u64>,
    /// Sees a fork by a counter that the C library lets the child increment: a comparison for each draw, no system call.
    fork: Cell<Option<ForkGuard>>,
}

// Without a destructor: reachable at any time, with no check on the way.
thread_local! {
    static IDS: Ids = const { Ids { state: Cell::new(0), secret: Cell::new(0), fork: Cell::new(None) } };
}

/// `N` random numbers, none of them zero.
#[inline(always)]
pub(crate) fn random<const N: usize>() -> [u64; N] {
    IDS.with(|ids| {
        if ids.is_stale() {
            ids.begin();
        }
        let (mut state, secret) = (ids.state.get(), ids.secret.get());
        let drawn = std::array::from_fn(|_| {
            state = state.wrapping_add(0xa076_1d64_78bd_642f);
            let product = u128::from(state) * u128::from(state ^ secret);
            let id = (product >> 64) as u64 ^ product as u64;
            id | u64::from(id == 0)
        });
        ids.state.set(state);
        drawn
    })
}

/// Lets go of what a parent process had, if this one has been forked since: for who draws no random number.
pub(crate) fn notice_fork() {
    IDS.with(|ids| {
        if ids.is_stale() {
            ids.begin();
        }
    });
}

/// Takes a new seed on this thread. A tracer is built with fresh ids, also in a forked child.
pub(crate) fn reseed() {
    IDS.with(Ids::reseed);
}

impl Ids {
    /// Whether this thread has not drawn yet, or not in this process.
    #[inline(always)]
    fn is_stale(&self) -> bool {
        let mut fork = self.fork.take();
        let stale = fork.as_mut().is_none_or(ForkGuard::detected_fork);
        self.fork.set(fork);
        stale
    }

    /// A forked child has the parent's state, and rings that nobody empties in this process.
    #[cold]
    #[inline(never)]
    fn begin(&self) {
        self.fork.set(ForkGuard::try_new().ok());
        self.reseed();
        local::leave_forked();
    }

    /// `RandomState` takes its keys from the operating system once per thread and counts from there; the hash hides the keys.
    #[cold]
    fn reseed(&self) {
        let process = std::process::id();
        let (keys, salt) = (RandomState::new(), (process, std::time::SystemTime::now()));
        self.state.set(self.state.get() ^ keys.hash_one((0u8, salt)));
        self.secret.set(keys.hash_one((1u8, salt)) | 1);
    }
}

//! Generates ids.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

#[cfg(not(miri))]
use forkguard::Guard as ForkGuard;
// Miri supports neither fork nor its handlers.
#[cfg(miri)]
use forkguard::noop::Guard as ForkGuard;

use crate::model::ids::{SpanId, TraceId};
use crate::recorder::local;

/// Generates the ids of a tracer. Called on the thread that starts the span, so it must be quick, and must not block or panic.
///
/// The recorder replaces an id of zero with a random one.
pub trait IdGenerator: Send + Sync + fmt::Debug + 'static {
    /// Generates a trace id. A 64-bit id has a high half of zero.
    fn trace_id(&self) -> TraceId;

    /// Generates a span id, unique within its trace.
    fn span_id(&self) -> SpanId;

    /// Whether the lower 56 bits of the trace ids are random. W3C Trace Context level 2 passes this to the next service as a flag.
    fn is_random(&self) -> bool {
        false
    }
}

/// The length of the trace ids that a tracer generates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum TraceIdWidth {
    /// 64 bits, as the official Instana tracers make them.
    Bits64,
    /// 128 bits, the default.
    #[default]
    Bits128,
}

/// wyrand with a private increment: fast and well mixed, but not cryptographic. The seed makes ids unpredictable across processes. An
/// observer of many ids of one thread could compute the next one.
struct Ids {
    state: Cell<u64>,
    secret: Cell<u64>,
    /// The process in which the thread was seeded.
    process: Cell<Option<&'static Generation>>,
}

/// A process, as a forked child sees its ancestors and itself. One per process, kept for its life.
///
/// A fork handler increments a counter in the child, which the guard compares with an earlier value. So a check makes no system call. The
/// guard is cloned for a check, because a check that changes it in place would have to move it out of the thread-local and back.
struct Generation {
    guard: ForkGuard,
    child: OnceLock<Option<Box<Generation>>>,
}

impl Generation {
    /// `None` if no fork handler can be registered.
    fn new() -> Option<Generation> {
        Some(Generation { guard: ForkGuard::try_new().ok()?, child: OnceLock::new() })
    }

    /// The generation of this process.
    #[cold]
    fn current() -> Option<&'static Generation> {
        static FIRST: OnceLock<Option<Generation>> = OnceLock::new();
        let mut generation = FIRST.get_or_init(Generation::new).as_ref()?;
        while generation.has_passed() {
            generation = generation.child.get_or_init(|| Generation::new().map(Box::new)).as_deref()?;
        }
        Some(generation)
    }

    #[inline(always)]
    fn has_passed(&self) -> bool {
        self.guard.clone().detected_fork()
    }
}

// The type has no destructor, so access needs no check and works also while the thread ends.
thread_local! {
    static IDS: Ids = const { Ids { state: Cell::new(0), secret: Cell::new(0), process: Cell::new(None) } };
}

/// Returns `N` random numbers, none of them zero.
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

/// Drops the state of the parent process if this process was forked. For code paths that generate no id.
pub(crate) fn notice_fork() {
    IDS.with(|ids| {
        if ids.is_stale() {
            ids.begin();
        }
    });
}

/// Seeds this thread anew, so that a tracer that is built in a forked child has ids of its own.
pub(crate) fn reseed() {
    IDS.with(Ids::reseed);
}

impl Ids {
    /// Whether this thread has not been seeded in this process.
    #[inline(always)]
    fn is_stale(&self) -> bool {
        self.process.get().is_none_or(Generation::has_passed)
    }

    /// Seeds the thread. A forked child also drops the rings of its parent, which no drain empties in this process.
    #[cold]
    #[inline(never)]
    fn begin(&self) {
        self.process.set(Generation::current());
        self.reseed();
        local::leave_forked();
    }

    /// `RandomState` reads its keys from the operating system once per thread and increments them afterwards. The hash hides the keys.
    #[cold]
    fn reseed(&self) {
        let process = std::process::id();
        let (keys, salt) = (RandomState::new(), (process, std::time::SystemTime::now()));
        self.state.set(self.state.get() ^ keys.hash_one((0u8, salt)));
        self.secret.set(keys.hash_one((1u8, salt)) | 1);
    }
}

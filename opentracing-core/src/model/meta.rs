//! The small facts of a context, in one word.

use crate::model::context::Sampling;
use crate::model::decision::Decision;
use crate::model::kind::SpanKind;

/// Sampling decision, flags, span kind and the number of the starting tracer in one word. Contexts are copied for every span; reading a
/// word whose bytes were just written one by one stalls store forwarding, which costs several nanoseconds each time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta(pub(super) u64);

impl Meta {
    const SAMPLING: u64 = 0b11;
    pub(crate) const RANDOM: u64 = 1 << 2;
    pub(crate) const SHORT: u64 = 1 << 3;
    pub(crate) const RECORDING: u64 = 1 << 4;
    pub(crate) const LOCAL_ROOT: u64 = 1 << 5;
    /// The ids were extracted from `traceparent`.
    pub(crate) const TRACEPARENT: u64 = 1 << 6;
    /// The trace began in this process.
    pub(crate) const BEGAN_HERE: u64 = 1 << 7;
    /// The context came in, and a disabled tracer passes it on.
    pub(crate) const FORWARDED: u64 = 1 << 8;
    /// The span is recorded, and the reporter decides at its end whether the trace is kept.
    pub(crate) const DEFERRED: u64 = 1 << 9;
    /// The flags that a child inherits.
    const INHERITED: u64 = Self::RANDOM | Self::SHORT | Self::TRACEPARENT | Self::BEGAN_HERE;

    /// The word of a child: inherited flags of its parent, and its own decision, flags, kind and tracer.
    #[inline]
    pub(crate) fn child(self, sampling: Sampling, flags: u64, kind: SpanKind, tracer: u32) -> Meta {
        Meta(self.0 & Self::INHERITED | sampling as u64 | flags | (kind as u64) << 16 | u64::from(tracer) << 32)
    }

    pub(crate) const NONE: Meta = Meta(0);

    /// The word of a context that this disabled tracer passes on unchanged.
    pub(crate) fn forwarded(self, tracer: u32) -> Meta {
        Meta(self.0 & u64::from(u32::MAX) | Self::FORWARDED | u64::from(tracer) << 32)
    }

    #[inline]
    pub(crate) fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    #[inline]
    pub(crate) fn with(self, flag: u64, on: bool) -> Meta {
        Meta(if on { self.0 | flag } else { self.0 & !flag })
    }

    #[inline]
    pub(crate) fn sampling(self) -> Sampling {
        match self.0 & Self::SAMPLING {
            0 => Sampling::Undecided,
            1 => Sampling::NotSampled,
            2 => Sampling::Sampled,
            _ => Sampling::Debug,
        }
    }

    /// The part that is propagated and compared: the decision and the flags of the trace id.
    pub(super) fn carried(self) -> u64 {
        self.0 & (Self::SAMPLING | Self::RANDOM | Self::SHORT)
    }

    #[inline]
    pub(crate) fn with_sampling(self, sampling: Sampling) -> Meta {
        Meta(self.0 & !Self::SAMPLING | sampling as u64)
    }

    /// Whether the span is recorded in this process, sampled or not.
    #[inline]
    pub(crate) fn is_recording(self) -> bool {
        self.has(Self::RECORDING)
    }

    /// Whether the span is recorded and sampled, or neither, or recorded until its reporter decides. These are the common cases, and a
    /// child takes over the decision unchanged.
    #[inline]
    pub(crate) fn is_settled(self) -> bool {
        const BOTH: u64 = Meta::RECORDING | Sampling::Sampled as u64;
        const DEFERRED: u64 = Meta::RECORDING | Meta::DEFERRED;
        self.0 & BOTH == BOTH
            || self.0 & DEFERRED == DEFERRED
            || self.0 & (Self::RECORDING | Self::SAMPLING) == Sampling::NotSampled as u64
    }

    /// The decision and the flags of a span that this tracer starts.
    pub(crate) fn of_decision(decision: Decision, debug: bool, deferred_as_sampled: bool) -> (Sampling, u64) {
        match decision {
            Decision::RecordAndSample if debug => (Sampling::Debug, Self::RECORDING),
            Decision::RecordAndSample => (Sampling::Sampled, Self::RECORDING),
            Decision::Record if deferred_as_sampled => (Sampling::Sampled, Self::RECORDING | Self::DEFERRED),
            Decision::Record => (Sampling::NotSampled, Self::RECORDING | Self::DEFERRED),
            Decision::Drop => (Sampling::NotSampled, 0),
        }
    }

    /// The number of the tracer that started the span in this process; 0 for a remote context.
    #[inline]
    pub(crate) fn tracer(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    pub(crate) fn kind(self) -> SpanKind {
        SpanKind::ALL[(self.0 >> 16) as u8 as usize % SpanKind::ALL.len()]
    }

    #[inline]
    pub(crate) fn with_kind(self, kind: SpanKind) -> Meta {
        Meta(self.0 & !(0xff << 16) | (kind as u64) << 16)
    }
}

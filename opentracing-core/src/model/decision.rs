//! The sampling decision.

/// The decision of a sampler about a span and its descendants in this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The span is not recorded. Ids, decision and baggage are still propagated.
    Drop,
    /// The span is recorded, and kept only if the reporter [holds](crate::Reporter::holds) spans and decides so at the end of the trace, as
    /// the tail sampling of `opentracing-reporter` does. The tag `sampling.priority` can still keep or drop it. Otherwise it is dropped when
    /// it is drained, and counted in [`Stats::dropped_unsampled`](crate::Stats::dropped_unsampled).
    ///
    /// It is propagated as not sampled, unless the tracer is built with
    /// [`deferred_as_sampled`](crate::TracerBuilder::deferred_as_sampled).
    Record,
    /// The span is recorded and sampled.
    RecordAndSample,
}

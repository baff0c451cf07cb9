//! What becomes of open spans at the end.

/// What becomes of spans that have not finished when the tracer is closed. See
/// [`TracerBuilder::unfinished_spans`](crate::TracerBuilder::unfinished_spans).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum UnfinishedSpans {
    /// They are reported with name, ids, start and the time until now, and with the tag `unfinished`.
    #[default]
    Report,
    /// They are not reported.
    Drop,
}

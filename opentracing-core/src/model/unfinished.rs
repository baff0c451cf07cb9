//! What happens to open spans when the tracer is closed.

/// What happens to spans that have not finished when the tracer is closed. See
/// [`TracerBuilder::unfinished_spans`](crate::TracerBuilder::unfinished_spans).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum UnfinishedSpans {
    /// They are reported with name, ids, start time and the duration so far, and with the tag `unfinished`.
    #[default]
    Report,
    /// They are not reported.
    Drop,
}

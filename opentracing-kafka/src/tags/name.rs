//! Operation names.

use opentracing_core::Text;
use smallvec::SmallVec;

/// Calls `f` with an operation name such as `send orders`. The name is built on the stack, because the span copies it.
pub(crate) fn with_operation_name<R>(operation: &str, topic: &str, f: impl FnOnce(Text<'_>) -> R) -> R {
    let mut name: SmallVec<[u8; 120]> = SmallVec::new();
    for part in [operation, " ", topic] {
        name.extend_from_slice(part.as_bytes());
    }
    f(std::str::from_utf8(&name).map_or(Text::Copied(operation), Text::Copied))
}

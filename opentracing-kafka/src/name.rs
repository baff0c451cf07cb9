//! Operation names.

use opentracing_core::Text;
use smallvec::SmallVec;

/// Hands over the name of doing something with a topic: `send orders`. Put together on the stack, since the span copies it.
pub(crate) fn with_operation_name<R>(operation: &str, topic: &str, f: impl FnOnce(Text<'_>) -> R) -> R {
    let mut name: SmallVec<[u8; 120]> = SmallVec::new();
    for part in [operation, " ", topic] {
        name.extend_from_slice(part.as_bytes());
    }
    f(std::str::from_utf8(&name).map_or(Text::Copied(operation), Text::Copied))
}

//! Operation names.

use smallvec::SmallVec;

use opentracing_core::Text;

/// Runs the closure with the name `GET /users/{id}`, or the method if there is no template. Allocates only for templates of more than 100
/// bytes.
pub(crate) fn with_operation_name<R>(method: &'static str, template: Option<&str>, f: impl FnOnce(Text<'_>) -> R) -> R {
    let Some(template) = template else { return f(Text::Static(method)) };
    let mut name = SmallVec::<[u8; 112]>::new();
    name.extend_from_slice(method.as_bytes());
    name.push(b' ');
    name.extend_from_slice(template.as_bytes());
    f(std::str::from_utf8(&name).map_or(Text::Static(method), Text::Copied))
}

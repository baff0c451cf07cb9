//! The fuzz targets. They share their checks with the property tests of `opentracing-core`.

#[path = "../../opentracing-core/tests/it/propagation/properties/carried.rs"]
mod carried;
#[path = "../../opentracing-core/tests/it/propagation/properties/check.rs"]
mod check;
mod input;
mod list;
#[path = "../../opentracing-core/tests/it/properties/proxied.rs"]
mod proxied;
mod redacted;
#[path = "../../opentracing-core/tests/it/properties/redacted.rs"]
mod redacted_text;
mod set_up;
// The lexer is private, and its folder depends on nothing else of its crate.
#[expect(dead_code, reason = "a part of the folder is for adapters only")]
#[path = "../../opentracing-sqlx/src/sql/mod.rs"]
mod sql;
mod target;
mod text;
#[path = "../../opentracing-core/tests/it/propagation/properties/wire.rs"]
mod wire;

pub use self::list::tracestate;
pub use self::redacted::secrets;
pub use self::set_up::settings;
pub use self::target::{Target, binary, headers};
pub use self::text::{forwarded, redact_text, statement};

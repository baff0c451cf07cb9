//! The fuzz targets. They share their checks with the property tests of `opentracing-core`.

#[path = "../../opentracing-core/tests/it/propagation/properties/carried.rs"]
mod carried;
#[path = "../../opentracing-core/tests/it/propagation/properties/check.rs"]
mod check;
mod input;
mod list;
mod redacted;
mod set_up;
mod target;
#[path = "../../opentracing-core/tests/it/propagation/properties/wire.rs"]
mod wire;

pub use self::list::tracestate;
pub use self::redacted::secrets;
pub use self::set_up::settings;
pub use self::target::{Target, binary, headers};

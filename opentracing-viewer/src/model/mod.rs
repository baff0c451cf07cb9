//! Spans as the viewer keeps and shows them, whichever protocol brought them.

mod resource;
mod span;
mod text;
mod value;

pub use self::resource::Resource;
pub use self::span::{Link, LinkKind, Log, Marks, Span};
pub use self::text::Text;
pub use self::value::Value;

//! `Viewer`: the transport, with the server behind it.

mod builder;
mod convert;
mod handle;
mod serve;
mod viewer;

pub use self::builder::ViewerBuilder;
pub use self::handle::ViewerHandle;
pub use self::viewer::Viewer;

//! `Viewer`: the transport, with the server behind it.

mod convert;
mod viewer;

pub use self::viewer::Viewer;

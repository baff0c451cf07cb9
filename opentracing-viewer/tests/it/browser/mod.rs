//! The pages in Chromium.

mod keyboard;
mod list;
mod look;
mod trace;
mod window;

pub(crate) use self::window::Window;

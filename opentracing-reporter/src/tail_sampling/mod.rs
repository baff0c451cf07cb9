//! Tail sampling: holds the spans of a local trace until its outcome is known, and then keeps or drops all of them.

mod decided;
mod held_traces;
mod operations;
mod rate;
mod rule;
mod settings;
mod sketch;
mod tail;

pub use self::rule::TailRule;
#[cfg(feature = "env")]
pub(crate) use self::settings::TailSettings;
pub use self::settings::{ComparedSpans, TailSampling};
pub(crate) use self::tail::Tail;

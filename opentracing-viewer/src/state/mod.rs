//! What receivers and pages share.

mod budget;
mod counters;
mod endpoints;
mod limits;
mod shared;

pub(crate) use self::budget::{Budget, Held};
pub(crate) use self::counters::Counters;
pub use self::counters::ReceiverStats;
pub use self::endpoints::Endpoints;
pub(crate) use self::limits::Limits;
pub(crate) use self::shared::AppState;

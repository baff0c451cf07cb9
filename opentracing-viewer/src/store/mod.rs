//! The spans that the viewer keeps, within a bound, and the questions that pages ask of them.

mod aggregate;
mod bloom;
mod change;
pub(crate) mod codec;
mod cut;
pub(crate) mod dictionary;
mod figures;
mod filter;
mod find;
mod histogram;
mod insert;
#[cfg(feature = "sqlite")]
mod journal;
mod query;
mod resources;
mod rows;
mod segment;
mod snapshot;
mod stats;
mod store;
mod table;
mod trace;

pub use self::change::Change;
pub use self::figures::{Figures, OperationFigures, ResourceFigures, Scope, TimelineBucket};
pub use self::histogram::Histogram;
#[cfg(feature = "sqlite")]
pub(crate) use self::journal::Journal;
pub use self::query::{Cursor, InvalidCursor, Query, Status, TagTerm};
pub use self::rows::{SpanRow, TraceRows};
pub use self::stats::{Inserted, StoreStats};
pub use self::store::Store;
pub use self::trace::{Page, Summary, Trace};

//! The spans that the viewer keeps, within a bound, and the questions that pages ask of them.

mod change;
mod figures;
mod histogram;
mod query;
mod rows;
mod stats;
mod store;
mod trace;

pub use self::change::Change;
pub use self::figures::{Figures, OperationFigures, Scope, TimelineBucket};
pub use self::histogram::Histogram;
pub use self::query::{Cursor, InvalidCursor, Query, Status, TagTerm};
pub use self::rows::{SpanRow, TraceRows};
pub use self::stats::{Inserted, StoreStats};
pub use self::store::Store;
pub use self::trace::{Page, Summary, Trace};

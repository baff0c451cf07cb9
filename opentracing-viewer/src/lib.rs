#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod analysis;
mod assets;
mod decode;
mod export;
#[cfg(feature = "sqlite")]
mod file;
mod health;
mod ingest;
mod model;
mod pages;
mod security;
mod server;
mod state;
mod store;
mod viewer;

pub use self::health::{LocalHealth, TracerHealth};
pub use self::model::{Link, LinkKind, Log, Marks, Resource, Span, Text, Value};
pub use self::state::{Endpoints, ReceiverStats};
pub use self::store::{
    Change, Cursor, Figures, Histogram, Inserted, InvalidCursor, OperationFigures, Page, Query, ResourceFigures, Scope,
    SpanRow, Status, Store, StoreStats, Summary, TagTerm, TimelineBucket, Trace, TraceRows,
};
pub use self::viewer::{Viewer, ViewerBuilder, ViewerHandle};

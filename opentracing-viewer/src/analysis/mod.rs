//! What the pages compute from spans: the tree of a trace, self time, critical path, clock skew, figures of operations, the service graph.
//!
//! All of it works on [`Node`]s, a small view of a span, and uses no recursion: traces may be as deep as they are long.

mod comparison;
mod critical_path;
mod figures;
mod graph;
mod groups;
mod layout;
mod node;
mod self_time;
mod skew;
mod tree;

pub use self::comparison::{Comparison, MIN_CALLS};
pub use self::critical_path::{Section, critical_path};
pub use self::figures::Calls;
pub use self::graph::{Edge, EdgeKind, Graph, GraphNode, NodeRole};
pub use self::groups::{Group, MIN_SIBLINGS, like_siblings};
pub use self::layout::{Layout, Placed};
pub use self::node::{Node, Parent};
pub use self::self_time::self_times;
pub use self::skew::{MAX_SHIFT_NS, Shift, clock_skew};
pub use self::tree::{Row, Tree};

//! The settings that layer, service and spans share.

use std::time::Duration;

use opentracing_core::Tracer;

/// What invokes a function, as the tag `faas.trigger` names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Trigger {
    /// A read or write of a data source, such as a database or a file system.
    Datasource,
    /// An HTTP request.
    Http,
    /// A message.
    PubSub,
    /// A schedule.
    Timer,
    /// None of these.
    Other,
}

impl Trigger {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Trigger::Datasource => "datasource",
            Trigger::Http => "http",
            Trigger::PubSub => "pubsub",
            Trigger::Timer => "timer",
            Trigger::Other => "other",
        }
    }
}

/// What becomes of the context of AWS X-Ray that comes with each invocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum XRayContext {
    /// It is the parent if the event has no context of its own and X-Ray samples the invocation; otherwise a `FollowsFrom` reference. If
    /// X-Ray does not sample, which is the case for every function without active tracing, only its trace id is taken, and only for a new
    /// trace.
    #[default]
    Parent,
    /// It is never the parent. If X-Ray samples, it is a `FollowsFrom` reference, also of a new trace.
    Link,
    /// It is only the tag `aws.xray.trace_id`.
    Ignore,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) xray: XRayContext,
    pub(crate) trigger: Option<Trigger>,
    pub(crate) flush_timeout: Duration,
    pub(crate) deadline_margin: Duration,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Self {
        Settings {
            tracer,
            xray: XRayContext::default(),
            trigger: None,
            flush_timeout: Duration::from_secs(1),
            deadline_margin: Duration::from_millis(100),
        }
    }
}

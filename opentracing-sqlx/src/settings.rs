//! What a pool, its connections and their transactions have in common.

use std::fmt;
use std::sync::Arc;

use opentracing_core::Tracer;

use crate::database::target::Target;
use crate::decorator::SpanDecorator;
use crate::options::{Commenter, PoolWait, StatementText};

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) target: Target,
    pub(crate) peer_service: Option<Box<str>>,
    pub(crate) text: StatementText,
    pub(crate) pool_wait: PoolWait,
    pub(crate) commenter: Commenter,
    /// Where no span is active, nothing is traced.
    pub(crate) requires_parent: bool,
    decorators: Vec<Arc<dyn SpanDecorator>>,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer, target: Target) -> Arc<Self> {
        Arc::new(Settings {
            tracer,
            target,
            peer_service: None,
            text: StatementText::default(),
            pool_wait: PoolWait::default(),
            commenter: Commenter::default(),
            requires_parent: false,
            decorators: Vec::new(),
        })
    }

    pub(crate) fn add_decorator(&mut self, decorator: impl SpanDecorator) {
        self.decorators.push(Arc::new(decorator));
    }

    /// Runs a hook of each decorator. None while a panic goes through the thread: they are foreign code, and a second panic would
    /// abort the process.
    pub(crate) fn decorate(&self, mut hook: impl FnMut(&dyn SpanDecorator)) {
        if !self.decorators.is_empty() && !std::thread::panicking() {
            self.decorators.iter().for_each(|decorator| hook(&**decorator));
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("target", &self.target)
            .field("peer_service", &self.peer_service)
            .field("statement_text", &self.text)
            .field("pool_wait", &self.pool_wait)
            .field("commenter", &self.commenter)
            .field("requires_parent", &self.requires_parent)
            .finish_non_exhaustive()
    }
}

/// The setters of whatever has `settings: Arc<Settings>`.
macro_rules! setters {
    () => {
        /// Names the service that the database is, in the tag `peer.service`. `postgresql`, `mysql` or `sqlite` by default.
        pub fn peer_service(mut self, name: &str) -> Self {
            Arc::make_mut(&mut self.settings).peer_service = Some(name.into());
            self
        }

        /// What of a statement becomes the tag `db.statement`. Without literals by default.
        pub fn statement_text(mut self, text: StatementText) -> Self {
            Arc::make_mut(&mut self.settings).text = text;
            self
        }

        /// How the time is told that was spent waiting for a connection of the pool. As a tag by default.
        pub fn pool_wait(mut self, wait: PoolWait) -> Self {
            Arc::make_mut(&mut self.settings).pool_wait = wait;
            self
        }

        /// What is written into statements as a comment. Nothing by default.
        pub fn commenter(mut self, commenter: Commenter) -> Self {
            Arc::make_mut(&mut self.settings).commenter = commenter;
            self
        }

        /// Traces nothing where no span is active: no traces of queries by themselves, of a job that polls for example. Everything is
        /// traced by default.
        pub fn require_parent(mut self) -> Self {
            Arc::make_mut(&mut self.settings).requires_parent = true;
            self
        }

        /// Adds a decorator, behind those that were added before. None by default.
        pub fn decorator(mut self, decorator: impl SpanDecorator) -> Self {
            Arc::make_mut(&mut self.settings).add_decorator(decorator);
            self
        }
    };
}

pub(crate) use setters;

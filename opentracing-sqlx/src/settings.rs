//! The settings that a pool shares with its connections and transactions.

use std::fmt;
use std::sync::Arc;

use opentracing_core::Tracer;

use crate::database::target::Target;
use crate::decorator::StatementDecorator;
use crate::options::{PoolWait, SqlCommenter, StatementText};
use crate::sql::Reading;

/// Decides by the text of a statement.
type Skip = dyn Fn(&str) -> bool + Send + Sync;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    /// The tracer's limit for the text of a tag.
    pub(crate) value_bytes: usize,
    pub(crate) component: &'static str,
    pub(crate) target: Target,
    pub(crate) peer_service: Option<Box<str>>,
    pub(crate) text: StatementText,
    /// Whether a list of values after `IN` becomes one placeholder in the masked text.
    pub(crate) folds_in_lists: bool,
    pub(crate) pool_wait: PoolWait,
    pub(crate) sqlcommenter: SqlCommenter,
    pub(crate) sqlcommenter_tags: Vec<(String, String)>,
    skip: Vec<Arc<Skip>>,
    /// Trace only statements that have a parent span.
    pub(crate) requires_parent: bool,
    decorators: Vec<Arc<dyn StatementDecorator>>,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer, target: Target) -> Arc<Self> {
        Arc::new(Settings {
            value_bytes: tracer.limits().value_bytes as usize,
            tracer,
            component: "sqlx",
            target,
            peer_service: None,
            text: StatementText::default(),
            folds_in_lists: false,
            pool_wait: PoolWait::default(),
            sqlcommenter: SqlCommenter::default(),
            sqlcommenter_tags: Vec::new(),
            skip: Vec::new(),
            requires_parent: false,
            decorators: Vec::new(),
        })
    }

    /// How to read the text of a statement.
    pub(crate) fn reading(&self) -> Reading {
        Reading { dialect: self.target.dialect, folds_in_lists: self.folds_in_lists }
    }

    pub(crate) fn add_skip(&mut self, skip: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.skip.push(Arc::new(skip));
    }

    /// Whether a closure skips the statement. Not asked while the thread panics, for the same reason as decorators.
    pub(crate) fn skips(&self, sql: &str) -> bool {
        !self.skip.is_empty() && !std::thread::panicking() && self.skip.iter().any(|skip| skip(sql))
    }

    pub(crate) fn add_decorator(&mut self, decorator: impl StatementDecorator) {
        self.decorators.push(Arc::new(decorator));
    }

    /// Calls a hook of each decorator. Not while the thread panics: a decorator is foreign code, and a second panic would abort the
    /// process.
    pub(crate) fn decorate(&self, mut hook: impl FnMut(&dyn StatementDecorator)) {
        if !self.decorators.is_empty() && !std::thread::panicking() {
            self.decorators.iter().for_each(|decorator| hook(&**decorator));
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("component", &self.component)
            .field("target", &self.target)
            .field("peer_service", &self.peer_service)
            .field("statement_text", &self.text)
            .field("folds_in_lists", &self.folds_in_lists)
            .field("pool_wait", &self.pool_wait)
            .field("sqlcommenter", &self.sqlcommenter)
            .field("sqlcommenter_tags", &self.sqlcommenter_tags)
            .field("skip", &self.skip.len())
            .field("requires_parent", &self.requires_parent)
            .finish_non_exhaustive()
    }
}

/// The setters of a type with a method `settings_mut`.
macro_rules! setters {
    () => {
        /// Sets the tag `peer.service`. `postgresql`, `mysql` or `sqlite` by default.
        pub fn peer_service(mut self, name: &str) -> Self {
            self.settings_mut().peer_service = Some(name.into());
            self
        }

        /// Sets the tag `db.system.name`, for a database that speaks the protocol of another one: `mariadb`, `cockroachdb`, or another
        /// name of OpenTelemetry's conventions. Also the value of `peer.service`, unless [`peer_service`](Self::peer_service) sets one.
        /// `postgresql`, `mysql` or `sqlite` by default.
        pub fn system_name(mut self, name: &'static str) -> Self {
            self.settings_mut().target.system = name;
            self
        }

        /// Sets what the tag `db.statement` holds. [`Masked`](StatementText::Masked) by default.
        pub fn statement_text(mut self, text: StatementText) -> Self {
            self.settings_mut().text = text;
            self
        }

        /// Writes a list of values after `IN` as one placeholder, so that lists of all lengths give the same masked text. Numbered
        /// placeholders that follow such a list lose their numbers. Lists stay as they are by default.
        pub fn fold_in_lists(mut self) -> Self {
            self.settings_mut().folds_in_lists = true;
            self
        }

        /// Sets how the wait for a connection of the pool is recorded. [`Tag`](PoolWait::Tag) by default.
        pub fn pool_wait(mut self, wait: PoolWait) -> Self {
            self.settings_mut().pool_wait = wait;
            self
        }

        /// Sets whether statements carry a sqlcommenter comment. [`Off`](SqlCommenter::Off) by default.
        pub fn sqlcommenter(mut self, sqlcommenter: SqlCommenter) -> Self {
            self.settings_mut().sqlcommenter = sqlcommenter;
            self
        }

        /// Adds a tag to the sqlcommenter comments, such as `route`. A tag with the key of a standard one replaces it. Has no effect
        /// while [`sqlcommenter`](Self::sqlcommenter) is off.
        pub fn sqlcommenter_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
            self.settings_mut().sqlcommenter_tags.push((key.into(), value.into()));
            self
        }

        /// Sets the tag `component`. `sqlx` by default.
        pub fn component(mut self, component: &'static str) -> Self {
            self.settings_mut().component = component;
            self
        }

        /// Leaves statements untraced for which the closure returns `true`. It receives the caller's text, or the text that sqlx sends
        /// by default, such as `BEGIN`. Several closures add up. None by default.
        pub fn skip(mut self, skip: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
            self.settings_mut().add_skip(skip);
            self
        }

        /// Traces only statements that run while a span is active, so that a polling job does not fill the backend with traces of a
        /// single query. All statements are traced by default.
        pub fn require_parent(mut self) -> Self {
            self.settings_mut().requires_parent = true;
            self
        }

        /// Adds a decorator. Decorators run in the order in which they were added. None by default.
        pub fn decorator(mut self, decorator: impl StatementDecorator) -> Self {
            self.settings_mut().add_decorator(decorator);
            self
        }
    };
}

pub(crate) use setters;

//! How the span of a statement starts: its name, its parent, and the tags that are known before execution.

use std::sync::Arc;

use opentracing_core::{AsSpanContext, Span, SpanContext, SpanKind, Text, Value, tags};
use sqlx::{Database, Execute};

use crate::options::{SqlCommenter, StatementText};
use crate::settings::Settings;
use crate::sql::{Summary, summary};
use crate::statement::comment::{self, Comment};
use crate::statement::query::Query;
use crate::statement::span::{Role, StatementSpan};

impl StatementSpan {
    /// Starts the span of a query, and adds the sqlcommenter comment to its text if one is configured.
    pub(crate) fn query<'q, DB, E>(settings: &Arc<Settings>, query: &mut Query<E, DB::Arguments>) -> Self
    where
        DB: Database,
        E: Execute<'q, DB>,
    {
        let (statement, comment_at) = query.with_sql(|sql| {
            let summary = summary(sql, settings.reading());
            (StatementSpan::statement(settings, &summary, sql), summary.comment_at)
        });
        if let Some(at) = comment_at
            && let Some(comment) = statement.comment()
        {
            query.insert_comment(at, &comment);
        }
        statement
    }

    /// Starts the span of preparing a statement.
    pub(crate) fn prepare(settings: &Arc<Settings>, sql: &str) -> Self {
        let summary = summary(sql, settings.reading());
        let name = match &summary.table {
            Some(table) => &format!("PREPARE {table}"),
            None => "PREPARE",
        };
        let name = Text::Copied(name);
        let mut statement = start(settings, sql, name, Some("PREPARE"), summary.table.as_deref(), Parent::Active);
        if !summary.query_summary.is_empty() {
            statement.span.set_tag_with(tags::DB_QUERY_SUMMARY, || format!("PREPARE {}", summary.query_summary));
        }
        statement.set_text(&summary, sql);
        statement.role = Role::Prepare;
        statement
    }

    /// Starts the span of a transaction that the caller begins with a statement of their own.
    pub(crate) fn begin_with(settings: &Arc<Settings>, sql: &str) -> Self {
        let mut statement = StatementSpan::statement(settings, &summary(sql, settings.reading()), sql);
        statement.role = Role::Begin;
        statement
    }

    /// Starts the span of a statement that sqlx executes itself, by its text.
    #[cfg(feature = "postgres")]
    pub(crate) fn text(settings: &Arc<Settings>, sql: &str) -> Self {
        StatementSpan::statement(settings, &summary(sql, settings.reading()), sql)
    }

    /// Starts the span of a `COPY`.
    #[cfg(feature = "postgres")]
    pub(crate) fn copy(settings: &Arc<Settings>, sql: &str) -> Self {
        let mut statement = StatementSpan::text(settings, sql);
        statement.set_copy();
        statement
    }

    /// Starts the span of statements that have a name of their own.
    #[cfg(feature = "migrate")]
    pub(crate) fn named(settings: &Arc<Settings>, name: &str, sql: &str) -> Self {
        let summary = summary(sql, settings.reading());
        let name = Text::Copied(name);
        let mut statement = start(settings, sql, name, summary.operation, summary.table.as_deref(), Parent::Active);
        statement.set_text(&summary, sql);
        statement
    }

    /// Starts the span of `BEGIN` or `SAVEPOINT`.
    pub(crate) fn begin(settings: &Arc<Settings>, operation: &'static str) -> Self {
        let role = if operation == "BEGIN" { Role::Begin } else { Role::Savepoint };
        StatementSpan::chosen_by_sqlx(settings, operation, role, Parent::Active)
    }

    /// Starts the span of `COMMIT` or `RELEASE SAVEPOINT`.
    pub(crate) fn commit(settings: &Arc<Settings>, operation: &'static str) -> Self {
        StatementSpan::chosen_by_sqlx(settings, operation, Role::Commit, Parent::Active)
    }

    /// Starts the span of a rollback that the caller asks for.
    pub(crate) fn rollback(settings: &Arc<Settings>, operation: &'static str) -> Self {
        StatementSpan::chosen_by_sqlx(settings, operation, Role::Rollback, Parent::Active)
    }

    /// Starts the span of a rollback for a transaction that was dropped. `parent` was active when the transaction began.
    pub(crate) fn implicit_rollback(
        settings: &Arc<Settings>,
        operation: &'static str,
        parent: Option<&SpanContext>,
    ) -> Self {
        let parent = parent.map_or(Parent::None, Parent::Given);
        let mut statement = StatementSpan::chosen_by_sqlx(settings, operation, Role::Rollback, parent);
        statement.span.set(tags::SQLX_IMPLICIT_ROLLBACK, true);
        statement
    }

    fn statement(settings: &Arc<Settings>, summary: &Arc<Summary>, sql: &str) -> Self {
        let name =
            if summary.name.is_empty() { Text::Static(settings.target.system) } else { Text::from(&summary.name) };
        let mut statement = start(settings, sql, name, summary.operation, summary.table.as_deref(), Parent::Active);
        if let Some(statements) = summary.statements().filter(|statements| *statements > 1) {
            statement.span.set(tags::DB_OPERATION_BATCH_SIZE, i64::try_from(statements).unwrap_or(i64::MAX));
        }
        if !summary.query_summary.is_empty() {
            statement.span.set(tags::DB_QUERY_SUMMARY, &summary.query_summary);
        }
        statement.summary = Some(summary.clone());
        statement.set_text(summary, sql);
        statement
    }

    fn chosen_by_sqlx(settings: &Arc<Settings>, operation: &'static str, role: Role, parent: Parent<'_>) -> Self {
        let mut statement = start(settings, operation, Text::Static(operation), Some(operation), None, parent);
        statement.role = role;
        statement.span.set_tag(tags::DB_QUERY_SUMMARY, Value::Static(operation));
        settings.decorate(|decorator| decorator.on_statement(&mut statement.span, operation));
        statement
    }

    fn set_text(&mut self, summary: &Summary, sql: &str) {
        let StatementSpan { span, settings, .. } = self;
        let is_truncated = match settings.text {
            StatementText::Masked => {
                span.set(tags::DB_STATEMENT, &summary.masked);
                summary.is_truncated || summary.masked.len() > settings.value_bytes
            }
            StatementText::Full => {
                span.set(tags::DB_STATEMENT, sql);
                sql.len() > settings.value_bytes
            }
            StatementText::Off => false,
        };
        if is_truncated {
            span.set(tags::SQLX_STATEMENT_TRUNCATED, true);
        }
        settings.decorate(|decorator| decorator.on_statement(span, sql));
    }

    fn comment(&self) -> Option<Comment> {
        if self.settings.sqlcommenter == SqlCommenter::Off {
            return None;
        }
        comment::comment(&self.settings, self.span.as_span_context().as_deref())
    }
}

/// The parent of a statement's span.
#[derive(Clone, Copy)]
enum Parent<'a> {
    /// The active span, if there is one.
    Active,
    Given(&'a SpanContext),
    None,
}

fn start(
    settings: &Arc<Settings>,
    sql: &str,
    name: Text<'_>,
    operation: Option<&'static str>,
    table: Option<&str>,
    parent: Parent<'_>,
) -> StatementSpan {
    let Settings { tracer, component, target, .. } = &**settings;
    tracer.warn_if_unregistered();
    let has_parent = || match parent {
        Parent::Active => tracer.with_active(|_| ()).is_some(),
        Parent::Given(_) => true,
        Parent::None => false,
    };
    if settings.skips(sql) || settings.requires_parent && !has_parent() {
        return StatementSpan::new(Span::noop(), settings.clone());
    }
    let mut builder = tracer.span(name);
    builder.kind(SpanKind::Client).tag(tags::COMPONENT, Value::Static(component));
    match parent {
        Parent::Active => {}
        Parent::Given(parent) => drop(builder.child_of(parent)),
        Parent::None => drop(builder.ignore_active_span()),
    }
    // Set before the sampling decision, so that a sampler can read them.
    if let Some(operation) = operation {
        builder.tag(tags::DB_OPERATION_NAME, Value::Static(operation));
    }
    if let Some(table) = table {
        builder.set(tags::DB_COLLECTION_NAME, table);
    }
    match &settings.peer_service {
        Some(name) => builder.set(tags::PEER_SERVICE, name),
        None => builder.tag(tags::PEER_SERVICE, Value::Static(target.system)),
    };
    let mut span = builder.start();
    if span.is_recording() {
        target.set_tags(&mut span);
    }
    StatementSpan::new(span, settings.clone())
}

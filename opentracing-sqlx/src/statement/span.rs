//! The span of one statement, from its start to the last row.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{AsSpanContext, Span, SpanContext, SpanKind, Text, Value, logs, tags};
use sqlx::{Database, Error, Execute};

use crate::database::TracingDatabase;
use crate::decorator::{Failure, Rows};
use crate::options::{Commenter, PoolWait};
use crate::settings::Settings;
use crate::sql::{Summary, summary};
use crate::statement::comment;
use crate::statement::error;
use crate::statement::query::Query;

/// What the span of a call is below.
#[derive(Clone, Copy)]
enum Parent<'a> {
    /// The active span, if there is one.
    Active,
    Given(&'a SpanContext),
    None,
}

/// Dropping it finishes the span, as one that nobody waited for if it has not ended.
pub(crate) struct Call {
    pub(crate) span: Span,
    settings: Arc<Settings>,
    rows: Rows,
    /// What is executed; `None` if sqlx says what.
    summary: Option<Arc<Summary>>,
    /// How many statements have ended: there may be several in one text.
    results: usize,
    has_ended: bool,
}

impl Call {
    /// Starts the span of a query, and writes the comment into the query that was asked for.
    pub(crate) fn query<'q, DB, E>(settings: &Arc<Settings>, query: &mut Query<E, DB::Arguments>) -> Self
    where
        DB: Database,
        E: Execute<'q, DB>,
    {
        let (call, comment_at) = query.with_sql(|sql| {
            let summary = summary(sql, settings.target.dialect);
            (Call::statement(settings, &summary, sql), summary.comment_at)
        });
        if let Some(at) = comment_at
            && let Some((comment, differs)) = call.comment()
        {
            query.add_comment(at, &comment, differs);
        }
        call
    }

    /// Starts the span of preparing a statement.
    pub(crate) fn prepare(settings: &Arc<Settings>, sql: &str) -> Self {
        let summary = summary(sql, settings.target.dialect);
        let name = match &summary.table {
            Some(table) => &format!("PREPARE {table}"),
            None => "PREPARE",
        };
        let mut call = Call::start(settings, Text::Copied(name), Some("PREPARE"), summary.table.as_deref());
        call.describe(&summary, sql);
        call
    }

    fn statement(settings: &Arc<Settings>, summary: &Arc<Summary>, sql: &str) -> Self {
        let name =
            if summary.name.is_empty() { Text::Static(settings.target.system) } else { Text::from(&summary.name) };
        let mut call = Call::start(settings, name, summary.operation, summary.table.as_deref());
        if summary.statements() > 1 {
            call.span.set(tags::DB_OPERATION_BATCH_SIZE, i64::try_from(summary.statements()).unwrap_or(i64::MAX));
        }
        call.summary = Some(summary.clone());
        call.describe(summary, sql);
        call
    }

    /// Starts the span of what begins or ends a transaction by what sqlx sends.
    pub(crate) fn transaction(settings: &Arc<Settings>, operation: &'static str) -> Self {
        Call::by_sqlx(settings, operation, Parent::Active)
    }

    /// Starts the span of a rollback that nobody asked for, below the span that was active at the beginning, if there was one.
    pub(crate) fn implicit_rollback(
        settings: &Arc<Settings>,
        operation: &'static str,
        parent: Option<&SpanContext>,
    ) -> Self {
        let mut call = Call::by_sqlx(settings, operation, parent.map_or(Parent::None, Parent::Given));
        call.span.set(tags::SQLX_IMPLICIT_ROLLBACK, true);
        call
    }

    fn by_sqlx(settings: &Arc<Settings>, operation: &'static str, parent: Parent<'_>) -> Self {
        let mut call = Call::start_below(settings, Text::Static(operation), Some(operation), None, parent);
        settings.decorate(|decorator| decorator.on_statement(&mut call.span, operation));
        call
    }

    /// Starts the span of beginning a transaction by a statement of the caller's.
    pub(crate) fn beginning_with(settings: &Arc<Settings>, sql: &str) -> Self {
        Call::statement(settings, &summary(sql, settings.target.dialect), sql)
    }

    fn start(settings: &Arc<Settings>, name: Text<'_>, operation: Option<&'static str>, table: Option<&str>) -> Self {
        Self::start_below(settings, name, operation, table, Parent::Active)
    }

    fn start_below(
        settings: &Arc<Settings>,
        name: Text<'_>,
        operation: Option<&'static str>,
        table: Option<&str>,
        parent: Parent<'_>,
    ) -> Self {
        let call = |span| {
            let settings = settings.clone();
            Call { span, settings, rows: Rows::default(), summary: None, results: 0, has_ended: false }
        };
        let Settings { tracer, target, .. } = &**settings;
        tracer.warn_if_unregistered();
        let has_parent = || match parent {
            Parent::Active => tracer.with_active(|_| ()).is_some(),
            Parent::Given(_) => true,
            Parent::None => false,
        };
        if settings.requires_parent && !has_parent() {
            return call(Span::noop());
        }
        let mut builder = tracer.span(name);
        builder.kind(SpanKind::Client).tag(tags::COMPONENT, Value::Static("sqlx"));
        match parent {
            Parent::Active => {}
            Parent::Given(parent) => drop(builder.child_of(parent)),
            Parent::None => drop(builder.ignore_active_span()),
        }
        // Before the decision, so that a sampler may go by them.
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
        call(span)
    }

    fn describe(&mut self, summary: &Summary, sql: &str) {
        use crate::options::StatementText::{Full, Masked};
        let Call { span, settings, .. } = self;
        match settings.text {
            Masked => span.set(tags::DB_STATEMENT, &summary.masked),
            Full => span.set(tags::DB_STATEMENT, sql),
            _ => span,
        };
        settings.decorate(|decorator| decorator.on_statement(span, sql));
    }

    fn comment(&self) -> Option<(String, bool)> {
        if self.settings.commenter == Commenter::Off {
            return None;
        }
        let application = self.settings.tracer.process().map(|process| process.service());
        comment::comment(&self.settings.commenter, application, self.span.as_span_context().as_deref())
    }

    /// Tells how long the statement waited for its connection.
    pub(crate) fn waited(&mut self, wait: Duration) {
        if self.settings.pool_wait == PoolWait::Tag {
            self.span.set_tag_with(tags::SQLX_POOL_WAIT_MS, || wait.as_micros() as f64 / 1000.0);
        }
    }

    /// Counts a row that came back.
    pub(crate) fn returned_row(&mut self) {
        self.rows.returned += 1;
    }

    /// Adds what the next one of the statements has changed.
    pub(crate) fn affected(&mut self, rows: u64) {
        let statement = self.results;
        self.results += 1;
        if self.summary.as_ref().is_some_and(|summary| summary.changes_rows(statement)) {
            self.rows.affected = Some(self.rows.affected.unwrap_or(0).saturating_add(rows));
        }
    }

    /// Runs a part of the work with the span active.
    pub(crate) async fn run<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            let _scope = self.span.lend();
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Runs the rest of the work with the span active, and finishes it.
    pub(crate) async fn run_to_end<T>(mut self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let result = self.run(work).await;
        match &result {
            Ok(_) => self.end(),
            Err(error) => self.fail(error),
        }
        result
    }

    /// Executes a query of which one row is wanted, and finishes the span.
    pub(crate) async fn fetch_optional<'q, DB, E>(
        mut self,
        connection: &mut DB::Connection,
        query: Query<E, DB::Arguments>,
    ) -> Result<Option<DB::Row>, Error>
    where
        DB: TracingDatabase,
        E: Execute<'q, DB> + 'q,
    {
        let result = self.run(DB::fetch_optional(connection, query)).await;
        match &result {
            Ok(row) => {
                self.rows.returned = row.is_some().into();
                self.end();
            }
            Err(error) => self.fail(error),
        }
        result
    }

    /// All rows are there.
    pub(crate) fn end(&mut self) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.set_rows();
        let Call { span, settings, rows, .. } = self;
        settings.decorate(|decorator| decorator.on_end(span, *rows));
        std::mem::take(&mut self.span).finish();
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.set_rows();
        error::record(&mut self.span, error, self.settings.text);
        self.tell(&Failure::Error(error));
        std::mem::take(&mut self.span).finish();
    }

    fn set_rows(&mut self) {
        let Call { span, rows, summary, .. } = self;
        // That there are none is worth telling of what asks for rows.
        if summary.as_ref().is_some_and(|summary| summary.is_reading()) || rows.returned > 0 {
            span.set(tags::DB_RESPONSE_RETURNED_ROWS, i64::try_from(rows.returned).unwrap_or(i64::MAX));
        }
        if let Some(affected) = rows.affected {
            span.set(tags::SQLX_ROWS_AFFECTED, i64::try_from(affected).unwrap_or(i64::MAX));
        }
    }

    fn tell(&mut self, failure: &Failure<'_>) {
        let Call { span, settings, .. } = self;
        settings.decorate(|decorator| decorator.on_error(span, failure));
    }
}

impl Drop for Call {
    /// A panic is noted by the tracer.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        if std::thread::panicking() {
            return self.set_rows();
        }
        let (outcome, message, failure) = match self.rows.returned {
            0 => ("cancelled", "dropped before the first row", Failure::Cancelled),
            _ => ("aborted", "dropped before the last row", Failure::Aborted),
        };
        self.set_rows();
        self.span
            .set_tag(tags::SQLX_OUTCOME, Value::Static(outcome))
            .log_kv(&[(logs::EVENT, Value::Static(outcome)), (logs::MESSAGE, Value::Static(message))]);
        self.tell(&failure);
    }
}

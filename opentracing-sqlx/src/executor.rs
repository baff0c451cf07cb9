//! `Executor` for connections and pools.

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Describe, Error, Execute, Executor, SqlStr};

use crate::connection::connection::TracingConnection;
use crate::database::{Item, TracingDatabase};
use crate::pool::acquire::acquire_for;
use crate::pool::pool::TracingPool;
use crate::statement::query::Query;
use crate::statement::row_stream::row_stream;
use crate::statement::span::StatementSpan;

/// sqlx builds the other methods of `Executor` on these, so rows are counted in all of them.
impl<'c, DB: TracingDatabase> Executor<'c> for &'c mut TracingConnection<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Item<DB>, Error>>
    where
        'c: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let mut query = Query::new(query);
        row_stream(|slot| async move {
            let mut span = StatementSpan::query(&self.settings, &mut query);
            self.start(&mut span);
            let result = span.fetch_many::<DB, _>(self.raw_mut(), query, slot).await;
            self.finish(&result);
            result
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let mut query = Query::new(query);
        Box::pin(async move {
            let mut span = StatementSpan::query(&self.settings, &mut query);
            self.start(&mut span);
            let result = span.fetch_optional::<DB, _>(self.raw_mut(), query).await;
            self.finish(&result);
            result
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut span = StatementSpan::prepare(&self.settings, sql.as_str());
            self.start(&mut span);
            let result = span.run_to_end(DB::prepare_with(self.raw_mut(), sql, parameters)).await;
            self.finish(&result);
            result
        })
    }

    /// Not traced: only the macros call it, at compile time.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        DB::describe(self.raw_mut(), sql)
    }
}

impl<'p, DB: TracingDatabase> Executor<'p> for &TracingPool<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Item<DB>, Error>>
    where
        'p: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let (pool, mut query) = (self.clone(), Query::new(query));
        row_stream(|slot| async move {
            let start = || StatementSpan::query(pool.settings(), &mut query);
            let (mut connection, span) = acquire_for(&pool, start).await?;
            span.fetch_many::<DB, _>(&mut connection, query, slot).await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let (pool, mut query) = (self.clone(), Query::new(query));
        Box::pin(async move {
            let start = || StatementSpan::query(pool.settings(), &mut query);
            let (mut connection, span) = acquire_for(&pool, start).await?;
            span.fetch_optional::<DB, _>(&mut *connection, query).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move {
            let start = || StatementSpan::prepare(pool.settings(), sql.as_str());
            let (mut connection, span) = acquire_for(&pool, start).await?;
            span.run_to_end(DB::prepare_with(&mut connection, sql, parameters)).await
        })
    }

    /// Not traced: only the macros call it, at compile time.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let pool = self.get_ref().clone();
        Box::pin(async move { DB::describe(&mut *pool.acquire().await?, sql).await })
    }
}

//! How statements are executed on a connection, and on a pool.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr};

use crate::connection::TracingConnection;
use crate::database::TracingDatabase;
use crate::pool::pool::TracingPool;
use crate::pool::wait::acquire_for;
use crate::statement::query::Query;
use crate::statement::rows;
use crate::statement::span::Call;

/// Everything else that `Executor` has is made of these by sqlx, so rows are counted on every way.
impl<'c, DB: TracingDatabase> Executor<'c> for &'c mut TracingConnection<'_, DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'c: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let mut query = Query::new(query);
        rows::stream(|slot| async move {
            let mut call = Call::query(&self.settings, &mut query);
            self.tell_wait(&mut call);
            rows::execute::<DB, _>(self.raw_mut(), call, query, slot).await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let mut query = Query::new(query);
        Box::pin(async move {
            let mut call = Call::query(&self.settings, &mut query);
            self.tell_wait(&mut call);
            call.fetch_optional::<DB, _>(self.raw_mut(), query).await
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
            let mut call = Call::prepare(&self.settings, sql.as_str());
            self.tell_wait(&mut call);
            call.run_to_end(DB::prepare_with(self.raw_mut(), sql, parameters)).await
        })
    }

    /// Not traced: the macros ask this of a database while they are compiled.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        DB::describe(self.raw_mut(), sql)
    }
}

impl<'p, DB: TracingDatabase> Executor<'p> for &TracingPool<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'p: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let (pool, settings) = (self.get_ref().clone(), Arc::clone(&self.settings));
        let mut query = Query::new(query);
        rows::stream(|slot| async move {
            let start = || Call::query(&settings, &mut query);
            let (mut connection, call) = acquire_for(&pool, &settings, start).await?;
            rows::execute::<DB, _>(&mut *connection, call, query, slot).await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: Execute<'q, DB> + 'q,
    {
        let (pool, settings) = (self.get_ref().clone(), Arc::clone(&self.settings));
        let mut query = Query::new(query);
        Box::pin(async move {
            let start = || Call::query(&settings, &mut query);
            let (mut connection, call) = acquire_for(&pool, &settings, start).await?;
            call.fetch_optional::<DB, _>(&mut *connection, query).await
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
        let (pool, settings) = (self.get_ref().clone(), Arc::clone(&self.settings));
        Box::pin(async move {
            let start = || Call::prepare(&settings, sql.as_str());
            let (mut connection, call) = acquire_for(&pool, &settings, start).await?;
            call.run_to_end(DB::prepare_with(&mut connection, sql, parameters)).await
        })
    }

    /// Not traced: the macros ask this of a database while they are compiled.
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let pool = self.get_ref().clone();
        Box::pin(async move { DB::describe(&mut *pool.acquire().await?, sql).await })
    }
}

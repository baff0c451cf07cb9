use std::ops::DerefMut;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Either, Executor, PgExecutor, Postgres, QueryBuilder, Result, SqlSafeStr, Statement};
use tokio::sync::Mutex;

use opentracing_sqlx::{PgConnection, PgPool, PgPoolOptions, Transaction};
use sqlx::{Executor, Postgres, postgres::PgConnectOptions};
use opentracing_sqlx::migrate;

//! Tests of the public API against databases, one module per topic. SQLite needs only its feature; PostgreSQL and MariaDB need
//! `POSTGRES_URL` and `MYSQL_URL`.
#![cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]

#[macro_use]
mod databases;

#[cfg(feature = "any")]
mod any;
mod batches;
mod cancelled;
mod concurrent;
mod decorators;
mod errors;
mod executors;
mod facts;
mod macros;
mod masked;
#[cfg(all(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod masking;
mod messages;
#[cfg(feature = "migrate")]
mod migrations;
mod names;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod outages;
mod pools;
#[cfg(all(feature = "migrate", feature = "postgres"))]
mod ported;
#[cfg(feature = "postgres")]
mod postgres_alone;
mod settings;
mod sqlcommenter;
mod statements;
mod support;
mod tags;
mod transactions;
mod types;

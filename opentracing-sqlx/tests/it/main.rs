//! Tests of the public interface against databases, one module a topic. SQLite is always there with its feature; PostgreSQL and MariaDB
//! are where `POSTGRES_URL` and `MYSQL_URL` say.
#![cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]

#[macro_use]
mod databases;

#[cfg(feature = "any")]
mod any;
mod cancelled;
mod commenter;
mod concurrent;
mod decorators;
mod errors;
mod executors;
mod macros;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod outages;
mod pools;
mod settings;
mod statements;
mod support;
mod tags;
mod transactions;
mod types;

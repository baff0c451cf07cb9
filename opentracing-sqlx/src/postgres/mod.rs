//! Features of PostgreSQL alone: notifications, `COPY`, and advisory locks.

pub(crate) mod advisory_lock;
pub(crate) mod copy;
pub(crate) mod listener;
pub(crate) mod notification;

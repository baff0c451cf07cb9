//! The figures of a pool for the tracer's statistics.

use std::sync::{Mutex, PoisonError};

use opentracing_core::{PoolSource, PoolStats, PoolWaits};
use sqlx::{Database, Pool};

/// Shared by the clones of a traced pool. The tracer knows it for as long as one of them lives.
pub(crate) struct Figures<DB: Database> {
    pool: Pool<DB>,
    name: Mutex<String>,
    pub(super) waits: PoolWaits,
}

impl<DB: Database> Figures<DB> {
    pub(super) fn new(pool: Pool<DB>, name: String) -> Self {
        Figures { pool, name: Mutex::new(name), waits: PoolWaits::new() }
    }

    pub(super) fn set_name(&self, name: String) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }
}

impl<DB: Database> PoolSource for Figures<DB> {
    fn stats(&self) -> PoolStats {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut stats = self.waits.stats(name);
        stats.open = self.pool.size().into();
        stats.idle = u64::try_from(self.pool.num_idle()).unwrap_or(u64::MAX);
        stats.max = self.pool.options().get_max_connections().into();
        stats
    }
}

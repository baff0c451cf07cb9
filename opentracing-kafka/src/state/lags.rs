//! How far consumers are behind.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::Statistics;

use crate::state::lock;

/// The lag of each partition, from librdkafka's statistics.
#[derive(Debug, Default)]
pub(crate) struct Lags {
    is_used: AtomicBool,
    topics: Mutex<HashMap<String, HashMap<i32, i64>>>,
}

impl Lags {
    pub(crate) fn update(&self, statistics: &Statistics) {
        self.is_used.store(true, Ordering::Relaxed);
        let mut topics = lock(&self.topics);
        for (name, topic) in &statistics.topics {
            let partitions = topic.partitions.iter().filter(|(_, partition)| partition.consumer_lag >= 0);
            let lags = partitions.map(|(number, partition)| (*number, partition.consumer_lag)).collect();
            topics.insert(name.clone(), lags);
        }
    }

    pub(crate) fn get(&self, topic: &str, partition: i32) -> Option<i64> {
        if !self.is_used.load(Ordering::Relaxed) {
            return None;
        }
        lock(&self.topics).get(topic)?.get(&partition).copied()
    }
}

//! How far consumers are behind.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::Statistics;

use crate::state::lock;

/// The lag of each consumer group in each partition, from librdkafka's statistics.
///
/// The statistics of a consumer name only its own partitions, so those of several consumers of a group add up.
#[derive(Debug, Default)]
pub(crate) struct Lags {
    is_used: AtomicBool,
    groups: Mutex<HashMap<String, HashMap<String, Partitions>>>,
}

/// The lags in the partitions of a topic.
type Partitions = HashMap<i32, i64>;

impl Lags {
    pub(crate) fn update(&self, group: Option<&str>, statistics: &Statistics) {
        self.is_used.store(true, Ordering::Relaxed);
        let mut groups = lock(&self.groups);
        let topics = groups.entry(group.unwrap_or_default().to_owned()).or_default();
        for (name, topic) in &statistics.topics {
            let partitions = topic.partitions.iter().filter(|(_, partition)| partition.consumer_lag >= 0);
            let lags = partitions.map(|(number, partition)| (*number, partition.consumer_lag));
            topics.entry(name.clone()).or_default().extend(lags);
        }
    }

    /// The lag of a group. `None` if it is unknown.
    pub(crate) fn get(&self, group: Option<&str>, topic: &str, partition: i32) -> Option<i64> {
        if !self.is_used.load(Ordering::Relaxed) {
            return None;
        }
        lock(&self.groups).get(group.unwrap_or_default())?.get(topic)?.get(&partition).copied()
    }
}

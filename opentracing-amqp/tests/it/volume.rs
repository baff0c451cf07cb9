//! A large number of messages.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Confirmation, ConnectionProperties};
use opentracing_amqp::{TracingConnection, TracingDelivery, process};
use opentracing_core::{Batch, Reporter, SpanId, SpanKind, TraceId, Tracer};
use tokio::sync::Notify;

use crate::support::{given, unique_name};

const MESSAGES: u64 = 50_000;
const CONSUMERS: usize = 4;
/// Unsettled deliveries per consumer.
const PREFETCHED: u16 = 100;
/// Messages that wait for their confirm.
const UNCONFIRMED: usize = 256;

type Ids = (TraceId, SpanId);

/// Collects the ids of spans and of their parents.
#[derive(Clone, Default)]
struct Links {
    published: Arc<Mutex<HashSet<Ids>>>,
    /// The ids of the parents.
    delivered: Arc<Mutex<Vec<Option<Ids>>>>,
}

impl Reporter for Links {
    fn report(&mut self, batch: Batch<'_>) {
        for span in batch.iter() {
            let trace = span.context().trace_id();
            match span.kind() {
                SpanKind::Producer => drop(self.published.lock().unwrap().insert((trace, span.context().span_id()))),
                _ => self.delivered.lock().unwrap().push(span.parent_id().map(|parent| (trace, parent))),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_50_000_messages_to_their_publishers() {
    let Some(url) = given("AMQP_URL") else { return };
    let (tracer, drain) = Tracer::builder("volume").build();
    let links = Links::default();
    let reporter = links.clone();
    let drained = std::thread::spawn(move || drain.run(reporter));

    let properties = ConnectionProperties::default();
    let connection = TracingConnection::connect_with_tracer(tracer.clone(), &url, properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let queue = unique_name();
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.clone(), options, FieldTable::default()).await.unwrap();

    let (handled, done) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let mut consumers = Vec::new();
    for _ in 0..CONSUMERS {
        let channel = connection.create_channel().await.unwrap();
        channel.basic_qos(PREFETCHED, BasicQosOptions::default()).await.unwrap();
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(queue.clone(), "".into(), options, arguments).await.unwrap();
        let (handled, done) = (handled.clone(), done.clone());
        consumers.push(tokio::spawn(async move {
            let own = Arc::new(AtomicU64::new(0));
            let counted = own.clone();
            // In a task that may move to another thread, the handler owns what it uses.
            let handle = async move |delivery: TracingDelivery| {
                delivery.ack(BasicAckOptions::default()).await?;
                counted.fetch_add(1, Ordering::Relaxed);
                if handled.fetch_add(1, Ordering::Relaxed) + 1 == MESSAGES {
                    done.notify_one();
                }
                Ok::<_, lapin::Error>(())
            };
            // Returns when the connection is closed.
            let _ = process(consumer, handle).await;
            own.load(Ordering::Relaxed)
        }));
    }

    let most_open = AtomicU64::new(0);
    let publish = |number: u64| {
        let (channel, queue, tracer, most_open) = (&channel, queue.clone(), &tracer, &most_open);
        async move {
            let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
            let body = number.to_be_bytes();
            let confirm = channel.basic_publish("".into(), queue, options, &body, properties).await.unwrap();
            assert_eq!(confirm.await.unwrap(), Confirmation::Ack(None));
            if number.is_multiple_of(100) {
                most_open.fetch_max(tracer.stats().open(), Ordering::Relaxed);
            }
        }
    };
    stream::iter(0..MESSAGES).map(publish).buffer_unordered(UNCONFIRMED).collect::<()>().await;
    done.notified().await;
    connection.close(200, "done".into()).await.unwrap();
    for consumer in consumers {
        assert!(consumer.await.unwrap() > 0, "each consumer received messages");
    }

    tracer.close(Duration::from_secs(60)).unwrap();
    drained.join().unwrap();
    let stats = tracer.stats();
    assert_eq!((stats.delivered, stats.lost(), stats.open()), (2 * MESSAGES, 0, 0), "{stats:?}");
    assert_eq!(stats.write_after_finish, 0);
    // Open spans are those in flight, and those that wait to be drained.
    let in_flight = UNCONFIRMED + CONSUMERS * usize::from(PREFETCHED);
    let most_open = most_open.into_inner();
    assert!(most_open <= in_flight as u64 + 4 * 4_096, "{most_open} records at once");
    let published = links.published.lock().unwrap();
    let delivered = links.delivered.lock().unwrap();
    let continued: HashSet<_> = delivered.iter().copied().flatten().collect();
    assert_eq!((published.len() as u64, delivered.len() as u64), (MESSAGES, MESSAGES));
    assert!(continued == *published, "each message was delivered once");
}

//! A Kafka message, untraced and traced.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};

use opentracing_core::propagation::{Composite, KafkaHeaders, TraceContext};
use opentracing_core::{ConstSampler, Tracer};
use opentracing_kafka::{KafkaTracing, TracingConsumer, TracingProducer};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::adapter::{bursts, median, text, tracer};
use crate::measure::Allocations;
use crate::subject::Received;
use crate::system::processor_ns;

/// Messages per measurement, sent and received in one batch.
const BURST: u32 = 500;
const TIMEOUT: Duration = Duration::from_secs(60);
const PAYLOAD: &str =
    r#"{"order": 4711, "customer": "ada", "lines": [{"sku": "teapot", "quantity": 2}], "total": 4900}"#;

/// Measures the overhead of `TracingProducer` and `TracingConsumer` for a message on the client's mock cluster, and prints a table. Takes
/// the options `--quick` and `--rounds`. Does nothing with `--case`, which selects cases of another bench.
///
/// The kinds of clients take turns after each burst.
///
/// # Errors
///
/// If a message or a span is missing, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, allocations: Allocations) -> Result<(), String> {
    let Some(bursts) = bursts(arguments, 30)? else { return Ok(()) };
    let table = measure(bursts, allocations)?;
    write!(std::io::stdout(), "{table}").map_err(text)
}

fn measure(bursts: u32, allocations: Allocations) -> Result<String, String> {
    let received = Received::default();
    let sampled = tracer(Tracer::builder("bench"), &received);
    let one_format = Composite::empty().with(TraceContext::new());
    let one_format = tracer(Tracer::builder("bench").propagator(KafkaHeaders, one_format), &received);
    let unsampled = tracer(Tracer::builder("bench").sampler(ConstSampler::off()), &received);
    let cluster = MockCluster::new(1).map_err(text)?;
    let mut kinds = Vec::new();
    for (name, tracer) in [
        ("bare", None),
        ("traced", Some(&sampled)),
        ("traced, `traceparent` alone", Some(&one_format)),
        ("traced, not sampled", Some(&unsampled)),
    ] {
        let topic = format!("topic-{}", kinds.len());
        cluster.create_topic(&topic, 1, 1).map_err(text)?;
        kinds.push((name, Clients::new(&cluster.bootstrap_servers(), topic, tracer)?));
    }
    let mut figures: Vec<[Vec<f64>; 4]> = kinds.iter().map(|_| Default::default()).collect();
    for burst in 0..=bursts {
        for ((_, clients), figures) in kinds.iter().zip(&mut figures) {
            let measured = clients.burst(allocations)?;
            // The first burst connects.
            if burst > 0 {
                figures.iter_mut().zip(measured).for_each(|(figures, figure)| figures.push(figure));
            }
        }
    }
    // Two kinds record spans, two per message.
    let expected = u64::from(bursts + 1) * u64::from(BURST) * 2 * 2;
    if received.count() != expected {
        return Err(format!("received {} of {expected} spans", received.count()));
    }
    let mut table = format!("A message of {} bytes, {bursts} bursts of {BURST} messages each\n\n", PAYLOAD.len());
    table.push_str("| clients | send ns (more) | receive ns (more) | CPU µs (more) | allocations (more) |\n");
    table.push_str("|---|---:|---:|---:|---:|\n");
    let mut bare = [0.0; 4];
    for (at, ((name, _), figures)) in kinds.iter().zip(&mut figures).enumerate() {
        let [send, receive, processors, allocated] = figures.each_mut().map(|figures| median(figures));
        if at == 0 {
            bare = [send, receive, processors, allocated];
        }
        let _ = writeln!(
            table,
            "| {name} | {send:.0} ({:+.0}) | {receive:.0} ({:+.0}) | {processors:.2} ({:+.2}) | {allocated:.1} ({:+.1}) |",
            send - bare[0],
            receive - bare[1],
            processors - bare[2],
            allocated - bare[3],
        );
    }
    Ok(table)
}

/// A producer and a consumer of one topic.
struct Clients {
    topic: String,
    kind: Kind,
}

enum Kind {
    Bare(BaseProducer, BaseConsumer),
    Traced(TracingProducer<BaseProducer>, TracingConsumer<BaseConsumer>, Tracer),
}

impl Clients {
    fn new(brokers: &str, topic: String, tracer: Option<&Tracer>) -> Result<Clients, String> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let mut producing = config.clone();
        // One batch per burst.
        producing.set("linger.ms", "20").set("batch.num.messages", BURST.to_string());
        config.set("group.id", "bench").set("enable.auto.commit", "false").set("fetch.wait.max.ms", "10");
        let mut partition = TopicPartitionList::new();
        partition.add_partition_offset(&topic, 0, Offset::Beginning).map_err(text)?;
        let kind = match tracer {
            None => Kind::Bare(producing.create().map_err(text)?, config.create().map_err(text)?),
            Some(tracer) => {
                let kafka = KafkaTracing::with_tracer(tracer.clone());
                let producer = kafka.producer(&producing).map_err(text)?;
                Kind::Traced(producer, kafka.consumer(&config).map_err(text)?, tracer.clone())
            }
        };
        match &kind {
            Kind::Bare(_, consumer) => consumer.assign(&partition).map_err(text)?,
            Kind::Traced(_, consumer, _) => consumer.assign(&partition).map_err(text)?,
        }
        Ok(Clients { topic, kind })
    }

    /// Per message: nanoseconds to send and to receive on this thread, CPU microseconds of all threads including those of the cluster
    /// and the drain, and allocations without those of librdkafka.
    fn burst(&self, allocations: Allocations) -> Result<[f64; 4], String> {
        let (busy, made) = (processor_ns().unwrap_or(0), allocations());
        let (sent, received) = match &self.kind {
            Kind::Bare(producer, consumer) => self.round_trip(producer, consumer)?,
            Kind::Traced(producer, consumer, tracer) => {
                let times = self.traced_round_trip(producer, consumer)?;
                tracer.flush(TIMEOUT).map_err(text)?;
                times
            }
        };
        // Less than before if a thread has ended meanwhile.
        let (busy, made) = (processor_ns().unwrap_or(0).saturating_sub(busy), allocations() - made);
        let messages = f64::from(BURST);
        // Without the wait for the first message.
        let received = received.as_nanos() as f64 / (messages - 1.0);
        Ok([sent.as_nanos() as f64 / messages, received, busy as f64 / 1e3 / messages, made as f64 / messages])
    }
}

/// The same code for both kinds of clients.
macro_rules! round_trip {
    ($name:ident, $producer:ty, $consumer:ty) => {
        impl Clients {
            fn $name(&self, producer: &$producer, consumer: &$consumer) -> Result<(Duration, Duration), String> {
                let started = Instant::now();
                for _ in 0..BURST {
                    let record = BaseRecord::to(&self.topic).key("4711").payload(PAYLOAD);
                    producer.send(record).map_err(|(error, _)| text(error))?;
                }
                let sent = started.elapsed();
                producer.flush(TIMEOUT).map_err(text)?;
                let mut first = None;
                for _ in 0..BURST {
                    let message = consumer.poll(TIMEOUT).ok_or("no message received")?.map_err(text)?;
                    if message.payload() != Some(PAYLOAD.as_bytes()) {
                        return Err("received another message".to_owned());
                    }
                    drop(message);
                    first.get_or_insert_with(Instant::now);
                }
                Ok((sent, first.map_or(Duration::ZERO, |first| first.elapsed())))
            }
        }
    };
}

round_trip!(round_trip, BaseProducer, BaseConsumer);
round_trip!(traced_round_trip, TracingProducer<BaseProducer>, TracingConsumer<BaseConsumer>);

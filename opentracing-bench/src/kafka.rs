//! A message of Kafka, bare and traced.

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

use crate::adapter::{median, text, tracer};
use crate::measure::Allocations;
use crate::subject::Received;
use crate::system::processor_ns;

/// Messages between two looks at the clock. They go to the broker and come back at once.
const BURST: u32 = 500;
const PATIENCE: Duration = Duration::from_secs(60);
const PAYLOAD: &str =
    r#"{"order": 4711, "customer": "ada", "lines": [{"sku": "teapot", "quantity": 2}], "total": 4900}"#;

/// Measures what `TracingProducer` and `TracingConsumer` add to a message, on the client's mock cluster, and prints a table. Of the
/// options of the other bench `--quick` and `--rounds` say something to it; `--case` asks for cases of that one, and for none of this.
///
/// The kinds of clients take turns after each burst.
///
/// # Errors
///
/// If a message or a span did not arrive, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, allocations: Allocations) -> Result<(), String> {
    let arguments: Vec<String> = arguments.collect();
    let after =
        |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    if after("--case").is_some() {
        return Ok(());
    }
    let rounds = match after("--rounds") {
        Some(rounds) => rounds.parse().map_err(|error| format!("--rounds: {error}"))?,
        None => 7,
    };
    let bursts = if arguments.iter().any(|argument| argument == "--quick") { 2 } else { rounds * 30 };
    let table = measure(bursts, allocations)?;
    write!(std::io::stdout(), "{table}").map_err(text)
}

fn measure(bursts: u32, allocations: Allocations) -> Result<String, String> {
    let received = Received::default();
    let sampled = tracer(Tracer::builder("bench"), &received);
    let in_one_format = Composite::empty().with(TraceContext::new());
    let in_one_format = tracer(Tracer::builder("bench").propagator(KafkaHeaders, in_one_format), &received);
    let unsampled = tracer(Tracer::builder("bench").sampler(ConstSampler::off()), &received);
    let cluster = MockCluster::new(1).map_err(text)?;
    let mut kinds = Vec::new();
    for (name, tracer) in [
        ("bare", None),
        ("traced", Some(&sampled)),
        ("traced, `traceparent` alone", Some(&in_one_format)),
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
    // Two kinds are recorded, each message on both sides.
    let expected = u64::from(bursts + 1) * u64::from(BURST) * 2 * 2;
    if received.count() != expected {
        return Err(format!("{} of {expected} spans arrived", received.count()));
    }
    let mut table = format!("A message of {} bytes, {bursts} bursts of {BURST} messages each\n\n", PAYLOAD.len());
    table.push_str("| clients | send ns (more) | receive ns (more) | processors µs (more) | allocations (more) |\n");
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

/// A producer and a consumer with a topic of their own.
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
        // A burst is one batch, so that it comes back as one.
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

    /// Nanoseconds to send and to receive a message, both on this thread; microseconds of all threads, those of the cluster and of
    /// the drain included; allocations but librdkafka's.
    fn burst(&self, allocations: Allocations) -> Result<[f64; 4], String> {
        let (busy, made) = (processor_ns().unwrap_or(0), allocations());
        let (sent, received) = match &self.kind {
            Kind::Bare(producer, consumer) => self.round_trip(producer, consumer)?,
            Kind::Traced(producer, consumer, tracer) => {
                let times = self.traced_round_trip(producer, consumer)?;
                tracer.flush(PATIENCE).map_err(text)?;
                times
            }
        };
        let (busy, made) = (processor_ns().unwrap_or(0) - busy, allocations() - made);
        let messages = f64::from(BURST);
        // The wait for the first message is no work.
        let received = received.as_nanos() as f64 / (messages - 1.0);
        Ok([sent.as_nanos() as f64 / messages, received, busy as f64 / 1e3 / messages, made as f64 / messages])
    }
}

/// The same text for both.
macro_rules! round_trip {
    ($name:ident, $producer:ty, $consumer:ty) => {
        impl Clients {
            fn $name(&self, producer: &$producer, consumer: &$consumer) -> Result<(Duration, Duration), String> {
                let begun = Instant::now();
                for _ in 0..BURST {
                    let record = BaseRecord::to(&self.topic).key("4711").payload(PAYLOAD);
                    producer.send(record).map_err(|(error, _)| text(error))?;
                }
                let sent = begun.elapsed();
                producer.flush(PATIENCE).map_err(text)?;
                let mut first = None;
                for _ in 0..BURST {
                    let message = consumer.poll(PATIENCE).ok_or("no message came")?.map_err(text)?;
                    if message.payload() != Some(PAYLOAD.as_bytes()) {
                        return Err("another message came".to_owned());
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

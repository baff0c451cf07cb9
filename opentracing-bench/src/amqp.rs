//! A message over RabbitMQ, untraced and traced.

use std::fmt::Write as _;
use std::io::Write;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use futures_util::{Stream, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use opentracing_amqp::{TracingChannel, TracingConsumer};
use opentracing_core::propagation::{AmqpHeaders, Composite, TraceContext};
use opentracing_core::{ConstSampler, Tracer};

use crate::adapter::{bursts, median, text, tracer};
use crate::measure::Allocations;
use crate::subject::Received;
use crate::system::processor_ns;

/// Messages per measurement, all in flight at once.
const BURST: u16 = 200;
const FLUSH: Duration = Duration::from_secs(60);

/// Measures the overhead of `opentracing-amqp` for a message that is published, confirmed, delivered and acknowledged, and prints a
/// table. Uses the broker at `AMQP_URL`; without it, prints that it was skipped. Takes the options `--quick` and `--rounds`. Does
/// nothing with `--case`, which selects cases of another bench.
///
/// # Errors
///
/// If the broker fails, a span is missing, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, allocations: Allocations) -> Result<(), String> {
    let Some(bursts) = bursts(arguments, 20)? else { return Ok(()) };
    let Some(url) = std::env::var("AMQP_URL").ok().filter(|url| !url.is_empty()) else {
        return writeln!(std::io::stderr(), "skipped, AMQP_URL is not set: messages over RabbitMQ").map_err(text);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    let table = runtime.block_on(measure(&url, bursts, allocations))?;
    write!(std::io::stdout(), "{table}").map_err(text)
}

async fn measure(url: &str, bursts: u32, allocations: Allocations) -> Result<String, String> {
    let received = Received::default();
    let sampled = tracer(Tracer::builder("bench"), &received);
    let one_format = Composite::empty().with(TraceContext::new());
    let one_format = tracer(Tracer::builder("bench").propagator(AmqpHeaders, one_format), &received);
    let unsampled = tracer(Tracer::builder("bench").sampler(ConstSampler::off()), &received);
    let connection = Connection::connect(url, ConnectionProperties::default()).await.map_err(text)?;
    let mut routes = Vec::new();
    for (name, publisher, consumer) in [
        ("bare", None, None),
        ("publisher traced", Some(&sampled), None),
        ("consumer traced", None, Some(&sampled)),
        ("both traced", Some(&sampled), Some(&sampled)),
        ("both, `traceparent` alone", Some(&one_format), Some(&one_format)),
        ("both, not sampled", Some(&unsampled), Some(&unsampled)),
    ] {
        routes.push((name, Route::open(&connection, publisher, consumer).await.map_err(text)?, Figures::default()));
    }
    for burst in 0..=bursts {
        for (_, route, figures) in &mut routes {
            let (made, used, start) = (allocations(), processor_ns(), Instant::now());
            route.burst().await.map_err(text)?;
            let taken = [
                start.elapsed().as_nanos() as f64 / 1e3,
                processor_ns().zip(used).map_or(f64::NAN, |(now, before)| now.saturating_sub(before) as f64 / 1e3),
                (allocations() - made) as f64,
            ];
            // The first burst grows buffers.
            if burst > 0 {
                figures.add(taken.map(|figure| figure / f64::from(BURST)));
            }
            sampled.flush(FLUSH).map_err(text)?;
            one_format.flush(FLUSH).map_err(text)?;
        }
    }
    // Two kinds trace one side, and two kinds trace both sides.
    let expected = u64::from(bursts + 1) * u64::from(BURST) * 6;
    if received.count() != expected {
        return Err(format!("received {} of {expected} spans", received.count()));
    }
    Ok(table(bursts, routes.into_iter().map(|(name, _, figures)| (name, figures.medians())).collect()))
}

fn table(bursts: u32, rows: Vec<(&str, [f64; 3])>) -> String {
    let mut table = format!("A message over RabbitMQ, {bursts} bursts of {BURST} messages each\n\n");
    table.push_str("| message | µs | CPU µs | more | allocations | more |\n|---|---:|---:|---:|---:|---:|\n");
    let [_, bare, bare_made] = rows.first().map_or([0.0; 3], |(_, medians)| *medians);
    for (name, [time, used, made]) in rows {
        let (used_more, made_more) = (used - bare, made - bare_made);
        let _ = writeln!(table, "| {name} | {time:.1} | {used:.1} | {used_more:+.1} | {made:.0} | {made_more:+.0} |");
    }
    table
}

/// Time, CPU time and allocations per message, of each burst.
#[derive(Default)]
struct Figures([Vec<f64>; 3]);

impl Figures {
    fn add(&mut self, taken: [f64; 3]) {
        self.0.iter_mut().zip(taken).for_each(|(all, one)| all.push(one));
    }

    fn medians(self) -> [f64; 3] {
        self.0.map(|mut figures| median(&mut figures))
    }
}

/// A queue with its publisher and consumer.
struct Route {
    queue: ShortString,
    publisher: Publisher,
    consumer: Consuming,
}

enum Publisher {
    Bare(Channel),
    Traced(TracingChannel),
}

enum Consuming {
    Bare(Consumer),
    Traced(Box<TracingConsumer>),
}

const BODY: [u8; 100] = [7; 100];

impl Route {
    async fn open(
        connection: &Connection,
        publisher: Option<&Tracer>,
        consumer: Option<&Tracer>,
    ) -> lapin::Result<Route> {
        let (sending, receiving) = (connection.create_channel().await?, connection.create_channel().await?);
        sending.confirm_select(ConfirmSelectOptions::default()).await?;
        receiving.basic_qos(BURST, BasicQosOptions::default()).await?;
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = receiving.queue_declare("".into(), exclusive, FieldTable::default()).await?.name().clone();
        let (name, options, arguments) = (queue.clone(), BasicConsumeOptions::default(), FieldTable::default());
        let consumer = match consumer {
            None => Consuming::Bare(receiving.basic_consume(name, "".into(), options, arguments).await?),
            Some(tracer) => {
                let traced = TracingChannel::with_tracer(tracer.clone(), receiving);
                Consuming::Traced(Box::new(traced.basic_consume(name, "".into(), options, arguments).await?))
            }
        };
        let publisher = match publisher {
            None => Publisher::Bare(sending),
            Some(tracer) => Publisher::Traced(TracingChannel::with_tracer(tracer.clone(), sending)),
        };
        Ok(Route { queue, publisher, consumer })
    }

    async fn burst(&mut self) -> lapin::Result<()> {
        let options = BasicPublishOptions::default();
        let queue = || self.queue.clone();
        match &self.publisher {
            Publisher::Bare(channel) => {
                let publish = |_| async {
                    let properties = BasicProperties::default();
                    channel.basic_publish("".into(), queue(), options, &BODY, properties).await?.await
                };
                try_join_all((0..BURST).map(publish)).await?;
            }
            Publisher::Traced(channel) => {
                let publish = |_| async {
                    let properties = BasicProperties::default();
                    channel.basic_publish("".into(), queue(), options, &BODY, properties).await?.await
                };
                try_join_all((0..BURST).map(publish)).await?;
            }
        }
        for _ in 0..BURST {
            let ack = BasicAckOptions::default();
            match &mut self.consumer {
                Consuming::Bare(consumer) => next(Pin::new(consumer)).await?.ack(ack).await?,
                Consuming::Traced(consumer) => next(Pin::new(&mut **consumer)).await?.ack(ack).await?,
            };
        }
        Ok(())
    }
}

async fn next<T>(mut consumer: Pin<&mut impl Stream<Item = lapin::Result<T>>>) -> lapin::Result<T> {
    match consumer.next().await {
        Some(delivery) => delivery,
        None => {
            Err(lapin::ErrorKind::InvalidChannelState(lapin::ChannelState::Closed, "the consumer has ended").into())
        }
    }
}

//! A message over RabbitMQ, bare and traced.

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

use crate::adapter::{median, text, tracer};
use crate::measure::Allocations;
use crate::subject::Received;
use crate::system::processor_ns;

/// Messages that are under way at once, between two looks at the clock.
const BURST: u16 = 200;
const FLUSH: Duration = Duration::from_secs(60);

/// Measures what `opentracing-amqp` adds to a message that is published, confirmed, delivered and acknowledged, and prints a table. The
/// broker is the one at `AMQP_URL`; without it there is nothing to measure, and that is said. Of the options of the other benches
/// `--quick` and `--rounds` say something to it; `--case` asks for cases of another, and for none of this.
///
/// # Errors
///
/// If the broker fails, a span did not arrive, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, allocations: Allocations) -> Result<(), String> {
    let arguments: Vec<String> = arguments.collect();
    let after =
        |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    if after("--case").is_some() {
        return Ok(());
    }
    let Some(url) = std::env::var("AMQP_URL").ok().filter(|url| !url.is_empty()) else {
        return writeln!(std::io::stderr(), "left out, as AMQP_URL is not set: messages over RabbitMQ").map_err(text);
    };
    let rounds = match after("--rounds") {
        Some(rounds) => rounds.parse().map_err(|error| format!("--rounds: {error}"))?,
        None => 7,
    };
    let bursts = if arguments.iter().any(|argument| argument == "--quick") { 2 } else { rounds * 20 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    let table = runtime.block_on(measure(&url, bursts, allocations))?;
    write!(std::io::stdout(), "{table}").map_err(text)
}

async fn measure(url: &str, bursts: u32, allocations: Allocations) -> Result<String, String> {
    let received = Received::default();
    let sampled = tracer(Tracer::builder("bench"), &received);
    let in_one_format = Composite::empty().with(TraceContext::new());
    let in_one_format = tracer(Tracer::builder("bench").propagator(AmqpHeaders, in_one_format), &received);
    let unsampled = tracer(Tracer::builder("bench").sampler(ConstSampler::off()), &received);
    let connection = Connection::connect(url, ConnectionProperties::default()).await.map_err(text)?;
    let mut ways = Vec::new();
    for (name, publisher, consumer) in [
        ("bare", None, None),
        ("publisher traced", Some(&sampled), None),
        ("consumer traced", None, Some(&sampled)),
        ("both traced", Some(&sampled), Some(&sampled)),
        ("both, `traceparent` alone", Some(&in_one_format), Some(&in_one_format)),
        ("both, not sampled", Some(&unsampled), Some(&unsampled)),
    ] {
        ways.push((name, Way::open(&connection, publisher, consumer).await.map_err(text)?, Figures::default()));
    }
    for burst in 0..=bursts {
        for (_, way, figures) in &mut ways {
            let (made, used, start) = (allocations(), processor_ns(), Instant::now());
            way.burst().await.map_err(text)?;
            let taken = [
                start.elapsed().as_nanos() as f64 / 1e3,
                processor_ns().zip(used).map_or(f64::NAN, |(now, before)| now.saturating_sub(before) as f64 / 1e3),
                (allocations() - made) as f64,
            ];
            // In the first one lists grow.
            if burst > 0 {
                figures.add(taken.map(|figure| figure / f64::from(BURST)));
            }
            sampled.flush(FLUSH).map_err(text)?;
            in_one_format.flush(FLUSH).map_err(text)?;
        }
    }
    // Of one side twice, and of both sides twice.
    let expected = u64::from(bursts + 1) * u64::from(BURST) * 6;
    if received.count() != expected {
        return Err(format!("{} of {expected} spans arrived", received.count()));
    }
    Ok(table(bursts, ways.into_iter().map(|(name, _, figures)| (name, figures.medians())).collect()))
}

fn table(bursts: u32, rows: Vec<(&str, [f64; 3])>) -> String {
    let mut table = format!("A message over RabbitMQ, {bursts} bursts of {BURST} messages each\n\n");
    table.push_str("| message | µs | µs of processors | more | allocations | more |\n|---|---:|---:|---:|---:|---:|\n");
    let [_, bare, bare_made] = rows.first().map_or([0.0; 3], |(_, medians)| *medians);
    for (name, [time, used, made]) in rows {
        let (used_more, made_more) = (used - bare, made - bare_made);
        let _ = writeln!(table, "| {name} | {time:.1} | {used:.1} | {used_more:+.1} | {made:.0} | {made_more:+.0} |");
    }
    table
}

/// Of each burst: time, time of processors, allocations, all by message.
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

/// A queue of its own, with both its ends.
struct Way {
    queue: ShortString,
    publisher: Publisher,
    consumer: Ends,
}

enum Publisher {
    Bare(Channel),
    Traced(TracingChannel),
}

enum Ends {
    Bare(Consumer),
    Traced(Box<TracingConsumer>),
}

const BODY: [u8; 100] = [7; 100];

impl Way {
    async fn open(
        connection: &Connection,
        publisher: Option<&Tracer>,
        consumer: Option<&Tracer>,
    ) -> lapin::Result<Way> {
        let (sending, receiving) = (connection.create_channel().await?, connection.create_channel().await?);
        sending.confirm_select(ConfirmSelectOptions::default()).await?;
        receiving.basic_qos(BURST, BasicQosOptions::default()).await?;
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = receiving.queue_declare("".into(), exclusive, FieldTable::default()).await?.name().clone();
        let (name, options, arguments) = (queue.clone(), BasicConsumeOptions::default(), FieldTable::default());
        let consumer = match consumer {
            None => Ends::Bare(receiving.basic_consume(name, "".into(), options, arguments).await?),
            Some(tracer) => {
                let traced = TracingChannel::with_tracer(tracer.clone(), receiving);
                Ends::Traced(Box::new(traced.basic_consume(name, "".into(), options, arguments).await?))
            }
        };
        let publisher = match publisher {
            None => Publisher::Bare(sending),
            Some(tracer) => Publisher::Traced(TracingChannel::with_tracer(tracer.clone(), sending)),
        };
        Ok(Way { queue, publisher, consumer })
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
                Ends::Bare(consumer) => next(Pin::new(consumer)).await?.ack(ack).await?,
                Ends::Traced(consumer) => next(Pin::new(&mut **consumer)).await?.ack(ack).await?,
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

//! Programs in the shapes of lapin's nine examples, compiled twice: with lapin's types, and with the traced ones in their place. Only their
//! connection is opened in another way.

use std::time::Duration;

use async_rs::Runtime;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::tcp::OwnedTLSConfig;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Confirmation, ConnectionProperties, Result};
use opentracing_amqp::TracingConnection;
use opentracing_core::mock::MockTracer;
use tokio::sync::mpsc;

use crate::support::{given, unique_name};

const BODY: &[u8] = b"two books";

fn own_queue() -> QueueDeclareOptions {
    QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() }
}

macro_rules! both {
    ($($program:item)*) => {
        mod plain {
            use lapin::message::DeliveryResult;
            use lapin::{Channel, Connection};

            use super::*;

            $($program)*
        }

        mod traced {
            use opentracing_amqp::{
                TracingChannel as Channel, TracingConnection as Connection, TracingDeliveryResult as DeliveryResult,
            };

            use super::*;

            $($program)*
        }
    };
}

both! {
    /// `client-certificate`: one channel publishes, another one has a delegate that acknowledges.
    pub(crate) async fn delegate(connection: Connection, queue: ShortString) -> Result<usize> {
        let sending = connection.create_channel().await?;
        let receiving = connection.create_channel().await?;
        sending.queue_declare(queue.clone(), own_queue(), FieldTable::default()).await?;
        let (seen, mut all_seen) = mpsc::unbounded_channel();
        receiving
            .basic_consume(queue.clone(), "reader".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?
            .set_delegate(move |delivery: DeliveryResult| {
                let seen = seen.clone();
                async move {
                    if let Ok(Some(delivery)) = delivery {
                        let length = delivery.data.len();
                        delivery.ack(BasicAckOptions::default()).await.expect("the broker answers");
                        let _ = seen.send(length);
                    }
                }
            });
        assert!(connection.status().connected());
        let confirm = sending
            .basic_publish("".into(), queue, BasicPublishOptions::default(), BODY, BasicProperties::default())
            .await?
            .await?;
        assert_eq!(confirm, Confirmation::NotRequested);
        let length = all_seen.recv().await.expect("a delivery");
        connection.close(200, "done".into()).await?;
        Ok(length)
    }

    /// `connection`: somebody listens to events, the delegate cancels its own consumer, and the connection is waited for.
    pub(crate) async fn cancelling(connection: Connection, queue: ShortString) -> Result<usize> {
        let mut events = connection.events_listener();
        let listener = tokio::spawn(async move { while events.next().await.is_some() {} });
        {
            let sending = connection.create_channel().await?;
            let receiving = connection.create_channel().await?;
            sending.queue_declare(queue.clone(), own_queue(), FieldTable::default()).await?;
            let (seen, mut all_seen) = mpsc::unbounded_channel();
            let channel = receiving.clone();
            receiving
                .basic_consume(queue.clone(), "once".into(), BasicConsumeOptions::default(), FieldTable::default())
                .await?
                .set_delegate(move |delivery: DeliveryResult| {
                    let (channel, seen) = (channel.clone(), seen.clone());
                    async move {
                        if let Ok(Some(delivery)) = delivery {
                            delivery.ack(BasicAckOptions::default()).await.expect("the broker answers");
                            channel.basic_cancel("once".into(), BasicCancelOptions::default()).await.expect("cancelled");
                            let _ = seen.send(delivery.data.len());
                        }
                    }
                });
            sending
                .basic_publish("".into(), queue, BasicPublishOptions::default(), BODY, BasicProperties::default())
                .await?
                .await?;
            all_seen.recv().await.expect("a delivery");
        }
        connection.close(200, "done".into()).await?;
        tokio::task::spawn_blocking(move || connection.run()).await.expect("no panic")?;
        listener.abort();
        Ok(1)
    }

    /// `consumer`: a loop over all deliveries. It ends because it cancels the consumer.
    pub(crate) async fn consuming(connection: Connection, queue: ShortString) -> Result<usize> {
        let channel = connection.create_channel().await?;
        channel.queue_declare(queue.clone(), own_queue(), FieldTable::default()).await?;
        for _ in 0..3 {
            channel
                .basic_publish("".into(), queue.clone(), BasicPublishOptions::default(), BODY, BasicProperties::default())
                .await?
                .await?;
        }
        let mut consumer = channel
            .basic_consume(queue, "loop".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        let mut count = 0;
        while let Some(delivery) = consumer.next().await {
            if let Ok(delivery) = delivery {
                delivery.ack(BasicAckOptions::default()).await?;
                count += 1;
                if count == 3 {
                    channel.basic_cancel("loop".into(), BasicCancelOptions::default()).await?;
                }
            }
        }
        Ok(count)
    }

    /// `publisher_confirms`: one confirm is awaited, two are dropped and waited for together, one message comes back.
    pub(crate) async fn confirming(connection: Connection, queue: ShortString) -> Result<usize> {
        let channel = connection.create_channel().await?;
        channel.queue_declare(queue.clone(), own_queue(), FieldTable::default()).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let publish = async |key: ShortString, mandatory: bool| {
            let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
            channel.basic_publish("".into(), key, options, BODY, BasicProperties::default().with_priority(7)).await
        };
        let confirm = publish(queue.clone(), false).await?.await?;
        assert!(confirm.is_ack());
        assert_eq!(confirm.take_message(), None);
        for _ in 0..2 {
            drop(publish(queue.clone(), false).await?);
        }
        assert!(channel.wait_for_confirms().await?.is_empty());
        let confirm = publish("nobody reads this".into(), true).await?.await?;
        assert!(confirm.is_ack());
        let returned = confirm.take_message().expect("a returned message");
        assert_eq!((returned.reply_code, returned.reply_text.as_str()), (312, "NO_ROUTE"));
        assert_eq!(*returned.delivery.properties.priority(), Some(7));
        let error = returned.error().expect("an error");
        assert_eq!(error.kind(), &AMQPErrorKind::Soft(AMQPSoftError::NOROUTE));
        Ok(4)
    }

    /// `pubsub`: a task consumes while this one publishes.
    pub(crate) async fn publishing(connection: Connection, queue: ShortString) -> Result<usize> {
        let sending = connection.create_channel().await?;
        let receiving = connection.create_channel().await?;
        sending.queue_declare(queue.clone(), own_queue(), FieldTable::default()).await?;
        let mut consumer = receiving
            .basic_consume(queue.clone(), "task".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        let (seen, mut all_seen) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Some(delivery) = consumer.next().await {
                delivery?.ack(BasicAckOptions::default()).await?;
                let _ = seen.send(());
            }
            Result::Ok(())
        });
        for _ in 0..5 {
            let confirm = sending
                .basic_publish("".into(), queue.clone(), BasicPublishOptions::default(), BODY, BasicProperties::default())
                .await?
                .await?;
            assert_eq!(confirm, Confirmation::NotRequested);
            all_seen.recv().await.expect("a delivery");
        }
        receiving.basic_cancel("task".into(), BasicCancelOptions::default()).await?;
        task.await.expect("no panic")?;
        Ok(5)
    }

    /// `reconnect_manual`: whatever fails, everything is opened anew, here at the next address.
    pub(crate) async fn retrying(
        open: impl AsyncFn(&str) -> Result<Connection>,
        addresses: &[&str],
        queue: ShortString,
    ) -> Result<usize> {
        let mut failures = 0;
        loop {
            let attempt = async {
                let connection = open(addresses[failures]).await?;
                publishing(connection, queue.clone()).await
            };
            match attempt.await {
                Ok(count) => return Ok(count + failures),
                Err(error) if failures + 1 == addresses.len() => return Err(error),
                Err(_) => failures += 1,
            }
        }
    }

    /// `reconnect_semi_automatic`: whatever fails is tried again after the channel has recovered.
    pub(crate) async fn recovering(connection: Connection, queue: ShortString) -> Result<usize> {
        let sending = connection.create_channel().await?;
        let receiving = connection.create_channel().await?;
        sending.queue_declare(queue.clone(), own_queue(), FieldTable::default()).await?;
        let mut consumer = receiving
            .basic_consume(queue.clone(), "task".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        let (seen, mut all_seen) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Some(delivery) = consumer.next().await {
                match delivery {
                    Ok(delivery) => {
                        delivery.ack(BasicAckOptions::default()).await?;
                        let _ = seen.send(());
                    }
                    Err(error) => receiving.wait_for_recovery(error).await?,
                }
            }
            Result::Ok(())
        });
        let mut sent = 0;
        while sent < 3 {
            match publish(&sending, &queue).await {
                Ok(confirm) => {
                    assert_eq!(confirm, Confirmation::NotRequested);
                    all_seen.recv().await.expect("a delivery");
                    sent += 1;
                }
                Err(error) => sending.wait_for_recovery(error).await?,
            }
        }
        task.abort();
        Ok(sent)
    }

    async fn publish(channel: &Channel, queue: &ShortString) -> Result<Confirmation> {
        let properties = BasicProperties::default();
        channel.basic_publish("".into(), queue.clone(), BasicPublishOptions::default(), BODY, properties).await?.await
    }

    /// `smol` and `tokio`: a delegate that tells deliveries, cancellation and errors apart.
    pub(crate) async fn telling_apart(connection: Connection, queue: ShortString) -> Result<usize> {
        let channel = connection.create_channel().await?;
        channel.queue_declare(queue.clone(), own_queue(), FieldTable::default()).await?;
        let consumer = channel
            .basic_consume(queue.clone(), "tag".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        let (seen, mut all_seen) = mpsc::unbounded_channel();
        consumer.set_delegate(move |delivery: DeliveryResult| {
            let seen = seen.clone();
            async move {
                let delivery = match delivery {
                    Ok(Some(delivery)) => delivery,
                    Ok(None) => return,
                    Err(error) => panic!("{error}"),
                };
                delivery.ack(BasicAckOptions::default()).await.expect("the broker answers");
                let _ = seen.send(());
            }
        });
        publish(&channel, &queue).await?;
        all_seen.recv().await.expect("a delivery");
        channel.basic_cancel("tag".into(), BasicCancelOptions::default()).await?;
        connection.close(200, "OK".into()).await?;
        Ok(1)
    }
}

fn options() -> ConnectionProperties {
    ConnectionProperties::default().with_connection_name("programs".into())
}

async fn open(url: &str, options: ConnectionProperties) -> Result<lapin::Connection> {
    lapin::Connection::connect_with_config(url, options, OwnedTLSConfig::default(), Runtime::tokio_current()).await
}

/// The constructors with the names of lapin's use the global tracer, so they are tested in a process of their own.
async fn open_traced(mock: &MockTracer, url: &str, options: ConnectionProperties) -> Result<TracingConnection> {
    Ok(TracingConnection::with_tracer(mock.tracer().clone(), open(url, options).await?))
}

/// A delegate may still run when its program has ended.
async fn finished(mock: &MockTracer, spans: usize) {
    let all = async {
        while mock.finished_spans().len() < spans {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("all spans finish");
}

/// Runs a program with lapin's types and with the traced ones. `published` and `processed` are the numbers of messages.
macro_rules! check {
    ($url:expr, $program:ident, $result:expr, $published:expr, $processed:expr) => {{
        let (name, mock) = (stringify!($program), MockTracer::new());
        let plain = plain::$program(open($url, options().enable_auto_recover()).await.unwrap(), unique_name()).await;
        assert_eq!(plain.unwrap(), $result, "{name}");
        let queue = unique_name();
        let traced =
            traced::$program(open_traced(&mock, $url, options().enable_auto_recover()).await.unwrap(), queue.clone())
                .await;
        assert_eq!(traced.unwrap(), $result, "{name}");
        check_spans(name, &mock, &queue, $published, $processed).await;
    }};
}

/// Each message has a span of its publisher, and below it one of its consumer.
async fn check_spans(program: &str, mock: &MockTracer, queue: &ShortString, published: usize, processed: usize) {
    finished(mock, published + processed).await;
    let tree = mock.tree();
    let both = format!("publish {queue} (producer)\n  process {queue} (consumer)\n");
    assert_eq!(tree.matches(&both).count(), processed, "{program}\n{tree}");
    assert_eq!(tree.lines().count(), published + processed, "{program}\n{tree}");
    assert_eq!(tree.matches("(producer)").count(), published, "{program}\n{tree}");
    assert!(mock.finished_spans().iter().all(|span| !span.is_failed || program == "confirming"), "{program}\n{tree}");
}

#[tokio::test]
async fn programs_with_delegates_compile_and_run_traced() {
    let Some(url) = given("AMQP_URL") else { return };
    check!(&url, delegate, BODY.len(), 1, 1);
    check!(&url, cancelling, 1, 1, 1);
    check!(&url, telling_apart, 1, 1, 1);
}

#[tokio::test]
async fn programs_with_loops_compile_and_run_traced() {
    let Some(url) = given("AMQP_URL") else { return };
    check!(&url, consuming, 3, 3, 3);
    check!(&url, publishing, 5, 5, 5);
    check!(&url, recovering, 3, 3, 3);
}

#[tokio::test]
async fn a_program_with_confirms_compiles_and_runs_traced() {
    let Some(url) = given("AMQP_URL") else { return };
    check!(&url, confirming, 4, 4, 0);
}

#[tokio::test]
async fn a_program_that_reconnects_compiles_and_runs_traced() {
    let Some(url) = given("AMQP_URL") else { return };
    // The first port is not open.
    let (mock, queue, addresses) = (MockTracer::new(), unique_name(), ["amqp://127.0.0.1:1/%2f", &url]);
    let plain = plain::retrying(async |url| open(url, options()).await, &addresses, unique_name()).await;
    assert_eq!(plain.unwrap(), 5 + 1);
    let traced =
        traced::retrying(async |url| open_traced(&mock, url, options()).await, &addresses, queue.clone()).await;
    assert_eq!(traced.unwrap(), 5 + 1);
    check_spans("retrying", &mock, &queue, 5, 5).await;
}

//! Handlers that run in the span of their delivery.

use std::sync::Mutex;

use lapin::options::{BasicAckOptions, BasicCancelOptions, QueueDeleteOptions};
use opentracing_amqp::{TracingDelivery, TracingDeliveryResult, process};
// `handle` has to work where this trait is imported, whose `in_span` every type has.
use opentracing_core::InSpan;
use tokio::sync::mpsc;

use crate::support::{Broker, check_outcome, check_tags, next};

#[tokio::test]
async fn the_span_is_active_in_handle() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let tracer = broker.mock.tracer();
    let delivery = next(&mut broker.consume(&queue).await).await;
    delivery.handle(async { tracer.span("check").start().finish() }).await;
    delivery.handle_blocking(|| tracer.span("weigh").start().finish());
    let handling = delivery.handle(async {
        tracer.span("pack").start().finish();
        delivery.ack(BasicAckOptions::default()).await
    });
    assert!(handling.await.unwrap());
    assert!(tracer.active_context().is_none());
    broker.mock.assert_tree(&format!(
        "
        publish {queue} (producer)
          process {queue} (consumer)
            check
          process {queue} (consumer)
            weigh
          process {queue} (consumer)
            pack
    "
    ));
    let spans = broker.spans("process");
    check_outcome(&spans[0], "", None);
    check_outcome(&spans[2], "ack", None);
}

#[tokio::test]
async fn handle_records_an_error_also_if_the_delivery_was_settled() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    for body in [b"1", b"2", b"3"] {
        broker.publish(&queue, body).await;
    }
    let mut consumer = broker.consume(&queue).await;
    let dropped = next(&mut consumer).await;
    assert_eq!(dropped.handle(async { Err::<(), _>("out of stock") }).await, Err("out of stock"));
    drop(dropped);
    let blocking = next(&mut consumer).await;
    assert_eq!(blocking.handle_blocking(|| Err::<(), _>("out of stock")), Err("out of stock"));
    blocking.ack(BasicAckOptions::default()).await.unwrap();
    let settled = next(&mut consumer).await;
    let handling = settled.handle(async {
        settled.ack(BasicAckOptions::default()).await.unwrap();
        Err::<(), _>("after the ack")
    });
    assert!(handling.await.is_err());
    let spans = broker.spans("process");
    check_outcome(&spans[0], "dropped", Some("handler"));
    check_outcome(&spans[1], "ack", Some("handler"));
    check_outcome(&spans[2], "ack", Some("handler"));
    assert_eq!(spans[0].logs[0].field("message"), Some("out of stock".into()));
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn the_span_is_active_in_in_span_ref() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let tracer = broker.mock.tracer();
    let delivery = next(&mut broker.consume(&queue).await).await;
    let done = async {
        tracer.span("pack").start().finish();
        tokio::task::yield_now().await;
        delivery.ack(BasicAckOptions::default()).await.unwrap();
        tracer.span("afterwards").start().finish();
        "done"
    };
    assert_eq!(done.in_span_ref(&delivery.span()).await, "done");
    assert!(tracer.active_context().is_none());
    broker.mock.assert_tree(&format!(
        "
        publish {queue} (producer)
          process {queue} (consumer)
            pack
            afterwards
    "
    ));
}

#[tokio::test]
async fn the_span_is_active_in_process_until_the_consumer_is_cancelled() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    for body in [b"1", b"2", b"3"] {
        broker.publish(&queue, body).await;
    }
    let (tracer, seen) = (broker.mock.tracer(), Mutex::new(Vec::new()));
    let consumer = broker.consume(&queue).await;
    let tag = consumer.tag();
    let handle = async |delivery: TracingDelivery| {
        tracer.span("handle").start().finish();
        seen.lock().unwrap().extend(delivery.data.iter().copied());
        let is_last = *delivery.data == *b"3";
        if *delivery.data != *b"2" {
            delivery.ack(BasicAckOptions::default()).await.unwrap();
        }
        drop(delivery);
        if is_last {
            broker.channel.basic_cancel(tag.clone(), BasicCancelOptions::default()).await?;
        }
        Ok::<_, lapin::Error>(())
    };
    process(consumer, handle).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), b"123");
    let outcomes: Vec<_> =
        broker.spans("process").iter().map(|span| crate::support::tag(span, "rabbitmq.outcome")).collect();
    assert_eq!(outcomes, ["ack", "dropped", "ack"]);
    let tree = "publish Q (producer)\n  process Q (consumer)\n    handle\n".repeat(3).replace('Q', queue.as_str());
    broker.mock.assert_tree(&tree);
}

#[tokio::test]
async fn process_records_the_error_of_the_handler() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    for body in [b"1", b"2", b"3"] {
        broker.publish(&queue, body).await;
    }
    let mut consumer = broker.consume(&queue).await;
    let kept = Mutex::new(None);
    let handle = async |delivery: TracingDelivery| -> Result<(), Box<dyn std::error::Error>> {
        match &*delivery.data {
            b"1" => Err("no such product".into()),
            b"2" => {
                delivery.ack(BasicAckOptions::default()).await?;
                Err("after the ack".into())
            }
            _ => {
                *kept.lock().unwrap() = Some(delivery);
                Err("kept".into())
            }
        }
    };
    for failure in ["no such product", "after the ack", "kept"] {
        assert_eq!(process(&mut consumer, &handle).await.unwrap_err().to_string(), failure);
    }
    check_outcome(&broker.spans("process")[0], "dropped", Some("handler"));
    check_outcome(&broker.spans("process")[1], "ack", Some("handler"));
    assert_eq!(broker.spans("process").len(), 2, "the third delivery was not dropped");
    let kept = kept.into_inner().unwrap().unwrap();
    kept.ack(BasicAckOptions::default()).await.unwrap();
    check_outcome(&broker.spans("process")[2], "ack", Some("handler"));
    assert_eq!(broker.mock.tracer().stats().write_after_finish, 0);
}

#[tokio::test]
async fn the_span_is_active_in_a_delegate() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    // This message arrives before the delegate is set.
    broker.publish(&queue, b"1").await;
    let consumer = broker.consume(&queue).await;
    let (done, mut results) = mpsc::unbounded_channel();
    let tracer = broker.mock.tracer().clone();
    consumer.set_delegate(move |result: TracingDeliveryResult| {
        tracer.span("call").start().finish();
        let (tracer, done) = (tracer.clone(), done.clone());
        async move {
            let Some(delivery) = result.unwrap() else {
                done.send(None).unwrap();
                return;
            };
            tracer.span("handle").start().finish();
            delivery.ack(BasicAckOptions::default()).await.unwrap();
            done.send(Some(delivery.data.clone())).unwrap();
        }
    });
    assert_eq!(results.recv().await, Some(Some(b"1".to_vec())));
    broker.publish(&queue, b"2").await;
    assert_eq!(results.recv().await, Some(Some(b"2".to_vec())));
    // Deleting the queue cancels the consumer. lapin does not call the delegate when the client cancels the consumer itself.
    broker.channel.queue_delete(queue.clone(), QueueDeleteOptions::default()).await.unwrap();
    assert_eq!(results.recv().await, Some(None));
    let message = "publish Q (producer)\n  process Q (consumer)\n    call\n    handle\n";
    broker.mock.assert_tree(&format!("{}call", message.repeat(2).replace('Q', queue.as_str())));
}

#[tokio::test]
async fn a_panic_of_the_handler_fails_the_span() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let delivery = next(&mut broker.consume(&queue).await).await;
    let span = delivery.span();
    assert_eq!(delivery.context(), span.context());
    let handling = async move {
        tokio::task::yield_now().await;
        panic!("no such product: {:?}", delivery.data);
    };
    let task = tokio::spawn(handling.in_span_ref(&span));
    assert!(task.await.unwrap_err().is_panic());
    let span = broker.span("process");
    assert!(span.is_failed, "{span:?}");
    check_tags(&span, &[("rabbitmq.outcome", "dropped")]);
}

//! Settling deliveries by a policy.

use lapin::options::{ConfirmSelectOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, ShortString};
use opentracing_amqp::{SettlePolicy, Settlement, TracingDelivery};

use crate::support::{Broker, check_outcome, check_tags, long, next, unique_name, with_headers};

async fn delivery(broker: &Broker, queue: &ShortString) -> TracingDelivery {
    next(&mut broker.consume(queue).await).await
}

async fn fail() -> Result<(), &'static str> {
    Err("database is down")
}

#[tokio::test]
async fn a_success_is_acknowledged() {
    let Some(broker) = Broker::open().await else { return };
    let queue = broker.queue().await;
    broker.publish(&queue, b"").await;
    let mut calls = 0;
    let order = delivery(&broker, &queue).await;
    let handler = async || {
        calls += 1;
        if calls < 3 { Err("database is down") } else { Ok(()) }
    };
    let settled = order.handle_and_settle(&SettlePolicy::new().attempts(5), handler).await.unwrap();
    assert_eq!(settled, Settlement::Settled);
    assert_eq!(calls, 3);
    let spans = broker.spans("process");
    check_outcome(&spans[0], "", Some("handler"));
    check_outcome(&spans[2], "ack", None);
    check_tags(&spans[1], &[("messaging.attempt", "2"), ("messaging.settlement", "")]);
    check_tags(&spans[2], &[("messaging.attempt", "3"), ("messaging.settlement", "ack")]);
}

#[tokio::test]
async fn a_failure_is_rejected_or_requeued() {
    let Some(broker) = Broker::open().await else { return };
    let error = "database is down";
    let rows = [
        ("reject", "reject", SettlePolicy::default(), Settlement::Rejected { error }),
        ("requeue", "nack", SettlePolicy::new().requeue(), Settlement::Requeued { error }),
    ];
    for (settlement, outcome, policy, expected) in rows {
        let queue = broker.queue().await;
        broker.publish(&queue, b"").await;
        let order = delivery(&broker, &queue).await;
        let settled = order.handle_and_settle(&policy, fail).await.unwrap();
        assert_eq!(settled, expected);
        let requeued = outcome == "nack";
        let span = broker.span("process");
        check_outcome(&span, outcome, Some("handler"));
        check_tags(&span, &[("messaging.settlement", settlement), ("rabbitmq.requeue", &requeued.to_string())]);
        broker.mock.reset();
    }
}

#[tokio::test]
async fn a_failure_goes_to_the_dead_letter_queue_in_the_same_trace() {
    let Some(broker) = Broker::open().await else { return };
    broker.channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let (queue, dead) = (broker.queue().await, broker.queue().await);
    let properties = with_headers(&[("tenant", long("acme"))]).with_message_id("m-1".into());
    broker.publish_with(&queue, b"42", properties).await;
    let policy = SettlePolicy::new().attempts(2).dead_letter(&broker.channel, "".into(), dead.clone());
    let settled = delivery(&broker, &queue).await.handle_and_settle(&policy, fail).await.unwrap();
    let (exchange, routing_key) = (String::new(), dead.as_str().to_owned());
    assert_eq!(settled, Settlement::DeadLetter { exchange, routing_key, error: "database is down" });
    let letter = delivery(&broker, &dead).await;
    assert_eq!(letter.data, b"42");
    assert_eq!(letter.properties.message_id().as_ref().map(ShortString::as_str), Some("m-1"));
    let headers = letter.properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers.get("tenant"), Some(&long("acme")));
    assert_eq!(headers.get("x-attempts"), Some(&AMQPValue::LongUInt(2)));
    letter.handle(async {}).await;
    letter.ack(Default::default()).await.unwrap();
    broker.mock.assert_tree(&format!(
        "
        publish {queue} (producer)
          process {queue} (consumer) !
          process {queue} (consumer) !
            publish {dead} (producer)
              process {dead} (consumer)
    "
    ));
    let span = &broker.spans("process")[1];
    check_outcome(span, "dead_lettered", Some("handler"));
    let expected = [
        ("messaging.attempt", "2"),
        ("messaging.settlement", "dead_letter"),
        ("messaging.settlement.destination", dead.as_str()),
    ];
    check_tags(span, &expected);
    check_tags(&broker.spans("process")[2], &[("messaging.attempt", "3")]);
}

#[tokio::test]
async fn a_message_that_cannot_be_dead_lettered_is_requeued() {
    let Some(broker) = Broker::open().await else { return };
    broker.channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let queue = broker.queue().await;
    broker.publish(&queue, b"42").await;
    let policy = SettlePolicy::new().dead_letter(&broker.channel, "".into(), unique_name());
    let settled = delivery(&broker, &queue).await.handle_and_settle(&policy, fail).await.unwrap();
    assert_eq!(settled, Settlement::Requeued { error: "database is down" });
    check_tags(&broker.span("process"), &[("messaging.settlement", "requeue"), ("rabbitmq.requeue", "true")]);

    // The exchange does not exist, which closes the channel of the dead letters.
    let letters = broker.connection.create_channel().await.unwrap();
    letters.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let policy = SettlePolicy::new().dead_letter(&letters, unique_name(), "a".into());
    let again = delivery(&broker, &queue).await;
    assert!(again.redelivered);
    assert!(again.handle_and_settle(&policy, fail).await.is_err());
    assert!(delivery(&broker, &queue).await.redelivered);
    broker.channel.queue_delete(queue, QueueDeleteOptions::default()).await.unwrap();
}

#[tokio::test]
async fn what_the_handler_settles_is_not_settled_again() {
    let Some(broker) = Broker::open().await else { return };
    for (result, error) in [(Ok(()), None), (Err("database is down"), Some("database is down"))] {
        let queue = broker.queue().await;
        broker.publish(&queue, b"").await;
        let order = delivery(&broker, &queue).await;
        let handler = async || {
            order.ack(Default::default()).await.unwrap();
            result
        };
        let settled = order.handle_and_settle(&SettlePolicy::new(), handler).await.unwrap();
        assert_eq!(settled, Settlement::Unsettled { error });
    }
}

//! The constructors of connections, and functions for lapin's channels and for traced ones.

use std::process::Command;

use async_rs::Runtime;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions, BasicRejectOptions,
};
use lapin::tcp::{AMQPUriTcpExt, OwnedTLSConfig};
use lapin::types::{FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties, ErrorKind};
use opentracing_amqp::{
    AmqpChannel, AmqpDelivery, DefaultTracingConnectionBuilder, TracingConnection, TracingConnectionBuilder,
};
use opentracing_core::Tracer;
use opentracing_core::mock::MockTracer;

use crate::support::{Broker, check_outcome, given, tag};

/// Publishes on a channel of the connection, and checks that the span names the broker's port.
async fn check_peer(name: &str, mock: &MockTracer, connection: TracingConnection) {
    let channel = connection.create_channel().await.unwrap();
    let publish = channel.basic_publish(
        "".into(),
        "nowhere".into(),
        BasicPublishOptions::default(),
        b"",
        BasicProperties::default(),
    );
    publish.await.unwrap().await.unwrap();
    let span = mock.finished_spans().pop().expect(name);
    let uri: AMQPUri = std::env::var("AMQP_URL").unwrap().parse().unwrap();
    assert_eq!(tag(&span, "peer.port"), uri.authority.port.to_string(), "{name}");
    connection.close(200, "done".into()).await.unwrap();
}

#[tokio::test]
async fn builders_and_wrapped_connections_know_the_peer() {
    let Some(url) = given("AMQP_URL") else { return };
    let (mock, uri) = (MockTracer::new(), url.parse::<AMQPUri>().unwrap());
    let tracer = mock.tracer();
    let builder = DefaultTracingConnectionBuilder::new().unwrap().with_tracer(tracer.clone());
    let by_text = builder.with_uri_str(url.clone()).with_properties(ConnectionProperties::default());
    check_peer("by text", &mock, by_text.connect().await.unwrap()).await;
    let builder = TracingConnectionBuilder::new_with_runtime(Runtime::tokio_current()).with_tracer(tracer.clone());
    let by_uri = builder.with_uri(uri.clone()).with_tls_config(OwnedTLSConfig::default());
    check_peer("by uri", &mock, by_uri.connect().await.unwrap()).await;
    let wrapped = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let wrapped = TracingConnection::with_tracer(tracer.clone(), wrapped).peer_uri(&uri);
    check_peer("wrapped", &mock, wrapped).await;
    let unset = DefaultTracingConnectionBuilder::new().unwrap().connect().await;
    assert!(unset.is_err());
}

/// These constructors use the global tracer, so they run in a process of their own.
#[test]
fn every_constructor_of_lapin_has_a_twin() {
    if given("AMQP_URL").is_none() {
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "connections::connects_with_the_global_tracer"]).env(CHILD, "1");
    let output = child.output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{errors}");
}

/// Set in the process that may have a global tracer.
const CHILD: &str = "OPENTRACING_AMQP_TEST_CHILD";

/// Does nothing but in the child process of `every_constructor_of_lapin_has_a_twin`.
#[tokio::test]
async fn connects_with_the_global_tracer() {
    let (Some(url), Some(_)) = (given("AMQP_URL"), std::env::var_os(CHILD)) else { return };
    let mock = MockTracer::new();
    Tracer::set_global(mock.tracer().clone()).unwrap();
    let (uri, options, tls) = (url.parse::<AMQPUri>().unwrap(), ConnectionProperties::default, OwnedTLSConfig::default);
    let runtime = Runtime::tokio_current;
    check_peer("connect", &mock, TracingConnection::connect(&url, options()).await.unwrap()).await;
    let connect = TracingConnection::connect_with_runtime(&url, options(), runtime());
    check_peer("connect_with_runtime", &mock, connect.await.unwrap()).await;
    let connect = TracingConnection::connect_with_config(&url, options(), tls(), runtime());
    check_peer("connect_with_config", &mock, connect.await.unwrap()).await;
    check_peer("connect_uri", &mock, TracingConnection::connect_uri(uri.clone(), options()).await.unwrap()).await;
    let connect = TracingConnection::connect_uri_with_runtime(uri.clone(), options(), runtime());
    check_peer("connect_uri_with_runtime", &mock, connect.await.unwrap()).await;
    let connect = TracingConnection::connect_uri_with_config(uri.clone(), options(), tls(), runtime());
    check_peer("connect_uri_with_config", &mock, connect.await.unwrap()).await;
    let connect = async move |uri: AMQPUri, runtime: async_rs::TokioRuntime| {
        let config = OwnedTLSConfig::default();
        let connect = AMQPUriTcpExt::connect_with_config_async(&uri, config.as_ref(), &runtime);
        connect.await.map_err(|error| lapin::Error::from(ErrorKind::IOError(error.into())))
    };
    let connect = TracingConnection::connector(uri, runtime(), connect, options());
    check_peer("connector", &mock, connect.await.unwrap()).await;
}

async fn publish(channel: &impl AmqpChannel, queue: &ShortString) -> Confirmation {
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    channel.basic_publish("".into(), queue.clone(), options, b"hello", properties).await.unwrap().await.unwrap()
}

async fn settle(delivery: &impl AmqpDelivery, how: usize) -> bool {
    assert_eq!(delivery.amqp_delivery().data, b"hello");
    let settled = match how {
        0 => delivery.ack(BasicAckOptions::default()).await,
        1 => delivery.nack(BasicNackOptions { requeue: true, multiple: false }).await,
        _ => delivery.reject(BasicRejectOptions::default()).await,
    };
    settled.unwrap()
}

async fn consume_and_get(channel: &impl AmqpChannel, queue: &ShortString) {
    for _ in 0..3 {
        publish(channel, queue).await;
    }
    for how in [0, 2] {
        let got = channel.basic_get(queue.clone(), BasicGetOptions::default()).await.unwrap().unwrap();
        assert!(settle(&got, how).await);
    }
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    let consumer = channel.basic_consume(queue.clone(), "".into(), options, arguments);
    let mut consumer = consumer.await.unwrap();
    for how in [1, 0] {
        assert!(settle(&consumer.next().await.unwrap().unwrap(), how).await);
    }
    assert!(channel.amqp_channel().status().connected());
}

#[tokio::test]
async fn generic_functions_take_both_channels() {
    let Some(broker) = Broker::open().await else { return };
    let plain = broker.connection.get_ref().create_channel().await.unwrap();
    consume_and_get(&plain, &broker.queue().await).await;
    assert_eq!(broker.mock.finished_spans().len(), 0);
    consume_and_get(&broker.channel, &broker.queue().await).await;
    let outcomes: Vec<_> = broker.spans("process").iter().map(|span| tag(span, "rabbitmq.outcome")).collect();
    assert_eq!(outcomes, ["ack", "reject", "nack", "ack"]);
    check_outcome(&broker.spans("process")[2], "nack", Some("nack"));
    assert_eq!(broker.spans("publish").len(), 3);
}

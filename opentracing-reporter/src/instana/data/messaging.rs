//! `data.kafka` and `data.rabbitmq`.

use crate::instana::data::Source;
use crate::instana::facts::{EXCHANGE, Facts, ROUTING_KEY, Role, to_text};
use crate::wire::json::Object;

pub(crate) const KAFKA_TAGS: &[&str] = &["messaging.system", "message_bus.destination"];
pub(crate) const RABBITMQ_TAGS: &[&str] = &[
    "messaging.system",
    "message_bus.destination",
    EXCHANGE,
    ROUTING_KEY,
    "peer.hostname",
    "peer.ipv4",
    "peer.ipv6",
    "peer.port",
];

pub(crate) fn write_kafka(source: Source<'_, '_>, data: &mut Object<'_>) {
    data.object("kafka", |kafka| {
        source.text(kafka, "service", source.facts.destination);
        kafka.text("access", if source.role == Role::Exit { "send" } else { "consume" });
        source.error(kafka, None);
    });
}

/// The destination of what is sent is an exchange, or with the default exchange, which has no name, a queue; that of what is received
/// is a queue.
pub(crate) fn write_rabbitmq(source: Source<'_, '_>, data: &mut Object<'_>) {
    let Source { facts, role, detail, .. } = source;
    data.object("rabbitmq", |rabbitmq| {
        let publishes = role == Role::Exit;
        rabbitmq.text("sort", if publishes { "publish" } else { "consume" });
        if publishes {
            source.text(rabbitmq, "exchange", facts.exchange.or(facts.destination.filter(|_| !to_queue(facts))));
        } else {
            source.text(rabbitmq, "exchange", facts.exchange);
            source.text(rabbitmq, "queue", facts.destination);
        }
        source.text(rabbitmq, "key", facts.routing_key);
        if let Some(host) = facts.peer_host() {
            let host = to_text(host);
            let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
            let port = facts.peer_port.map(|port| format!(":{port}")).unwrap_or_default();
            rabbitmq.text("address", detail.text(&format!("amqp://{open}{host}{close}{port}")));
        }
        source.error(rabbitmq, None);
    });
}

/// Whether a message goes to a queue by the default exchange: the queue is the routing key then. Names that a broker makes stand in
/// the destination as a note in brackets.
fn to_queue(facts: &Facts<'_>) -> bool {
    let destination = facts.destination.map(to_text).unwrap_or_default();
    destination.starts_with('(') || facts.routing_key.is_some_and(|key| to_text(key) == destination)
}

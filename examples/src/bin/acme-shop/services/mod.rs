//! The services: five axum applications, one tonic server, and consumers of RabbitMQ and Kafka. Few handlers contain tracing code: the
//! consumers add a span for their own work. Catalog and payment log by `tracing` and `log`.

pub(crate) mod cart;
pub(crate) mod catalog;
pub(crate) mod front_end;
mod offers;
pub(crate) mod order;
pub(crate) mod payment;
pub(crate) mod settlement;
pub(crate) mod shipping;
pub(crate) mod user;

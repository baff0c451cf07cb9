//! Publishes parcels to the shipping service over RabbitMQ.

use axum::http::StatusCode;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Confirmation, ConnectionProperties};
use opentracing_amqp::{TracingChannel, TracingConnection};
use opentracing_core::Tracer;

use crate::failure::Failure;
use crate::in_flight::InFlight;
use crate::model::Parcel;

/// The queue of parcels to ship.
pub(crate) const QUEUE: &str = "shipping";

/// A channel to the shipping service. Without a broker, orders are placed but not shipped.
#[derive(Clone)]
pub(crate) struct Parcels {
    broker: Option<TracingChannel>,
    in_flight: InFlight,
}

impl Parcels {
    pub(crate) async fn open(url: Option<&str>, tracer: Tracer, in_flight: InFlight) -> lapin::Result<Parcels> {
        let Some(url) = url else { return Ok(Parcels { broker: None, in_flight }) };
        // The only line that tracing adds: a traced connection.
        let connection = TracingConnection::connect_with_tracer(tracer, url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Parcels { broker: Some(channel), in_flight })
    }

    /// Returns when the broker has the parcel, before it is packed.
    pub(crate) async fn send(&self, parcel: &Parcel) -> Result<(), Failure> {
        let Some(channel) = &self.broker else { return Ok(()) };
        self.in_flight.add();
        let result = publish(channel, parcel).await;
        if result.is_err() {
            self.in_flight.remove();
        }
        result
    }
}

async fn publish(channel: &TracingChannel, parcel: &Parcel) -> Result<(), Failure> {
    let failure = || Failure::new(StatusCode::BAD_GATEWAY, "the parcel cannot be published");
    let body = serde_json::to_vec(parcel).map_err(|_| failure())?;
    let properties = BasicProperties::default().with_content_type("application/json".into()).with_delivery_mode(2);
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let confirm = channel.basic_publish("".into(), QUEUE.into(), options, &body, properties);
    match confirm.await.map_err(|_| failure())?.await.map_err(|_| failure())? {
        Confirmation::Ack(None) => Ok(()),
        _ => Err(failure()),
    }
}

//! What the order service tells the shipping service, over RabbitMQ.

use axum::http::StatusCode;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Confirmation, ConnectionProperties};
use opentracing_amqp::{TracingChannel, TracingConnection};
use opentracing_core::Tracer;

use crate::failure::Failure;
use crate::model::Parcel;
use crate::under_way::UnderWay;

/// The queue of what is to be shipped.
pub(crate) const QUEUE: &str = "shipping";

/// The way to the shipping service. Without a broker there is none, and orders are placed all the same.
#[derive(Clone)]
pub(crate) struct Parcels {
    broker: Option<TracingChannel>,
    under_way: UnderWay,
}

impl Parcels {
    pub(crate) async fn open(url: Option<&str>, tracer: Tracer, under_way: UnderWay) -> lapin::Result<Parcels> {
        let Some(url) = url else { return Ok(Parcels { broker: None, under_way }) };
        // All that it takes to trace what a service sends: one connection.
        let connection = TracingConnection::connect_with_tracer(tracer, url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Parcels { broker: Some(channel), under_way })
    }

    /// Returns when the broker has the message, which is before anything is packed.
    pub(crate) async fn send(&self, parcel: &Parcel) -> Result<(), Failure> {
        let Some(channel) = &self.broker else { return Ok(()) };
        self.under_way.add();
        let told = tell(channel, parcel).await;
        if told.is_err() {
            self.under_way.remove();
        }
        told
    }
}

async fn tell(channel: &TracingChannel, parcel: &Parcel) -> Result<(), Failure> {
    let cannot = || Failure::new(StatusCode::BAD_GATEWAY, "shipping cannot be told");
    let body = serde_json::to_vec(parcel).map_err(|_| cannot())?;
    let properties = BasicProperties::default().with_content_type("application/json".into()).with_delivery_mode(2);
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let publish = channel.basic_publish("".into(), QUEUE.into(), options, &body, properties);
    match publish.await.map_err(|_| cannot())?.await.map_err(|_| cannot())? {
        Confirmation::Ack(None) => Ok(()),
        _ => Err(cannot()),
    }
}

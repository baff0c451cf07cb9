//! Packs orders. Consumes parcels from RabbitMQ.

use futures_util::StreamExt;
use lapin::ConnectionProperties;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicRejectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use opentracing_amqp::{TracingConnection, TracingConsumer};
use opentracing_core::Tracer;
use tokio::task::JoinHandle;

use crate::in_flight::InFlight;
use crate::model::Parcel;
use crate::parcels::QUEUE;

pub(crate) const NAME: &str = "shipping";

pub(crate) struct Shipping {
    connection: TracingConnection,
    packing: JoinHandle<()>,
}

impl Shipping {
    /// Consumes parcels from an exclusive queue, which is deleted with the connection.
    pub(crate) async fn start(url: &str, tracer: Tracer, in_flight: InFlight) -> lapin::Result<Shipping> {
        let options = ConnectionProperties::default();
        let connection = TracingConnection::connect_with_tracer(tracer.clone(), url, options).await?;
        let channel = connection.create_channel().await?;
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(QUEUE.into(), exclusive, FieldTable::default()).await?;
        let options = BasicConsumeOptions::default();
        let parcels = channel.basic_consume(QUEUE.into(), NAME.into(), options, FieldTable::default()).await?;
        let packing = tokio::spawn(pack_all(parcels, tracer, in_flight));
        Ok(Shipping { connection, packing })
    }

    /// Closes the connection and deletes the queue.
    pub(crate) async fn stop(self) {
        // Fails if the connection is already closed.
        let _ = self.connection.close(200, "closed".into()).await;
        let _ = self.packing.await;
    }
}

/// Packs each parcel in its span. Returns when the connection is closed.
async fn pack_all(mut parcels: TracingConsumer, tracer: Tracer, in_flight: InFlight) {
    while let Some(Ok(message)) = parcels.next().await {
        let packing = message.handle(async {
            match serde_json::from_slice::<Parcel>(&message.data) {
                Ok(parcel) => {
                    pack(&parcel, &tracer);
                    message.ack(BasicAckOptions::default()).await
                }
                // A parcel that cannot be decoded is not requeued: it would fail again.
                Err(_) => message.reject(BasicRejectOptions { requeue: false }).await,
            }
        });
        let settled = packing.await;
        in_flight.remove();
        if settled.is_err() {
            break;
        }
    }
}

fn pack(parcel: &Parcel, tracer: &Tracer) {
    let pieces: u32 = parcel.lines.iter().map(|line| line.quantity).sum();
    tracer.span("pack").tag("order", parcel.order).tag("pieces", pieces).start().finish();
}

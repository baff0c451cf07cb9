//! Packs what was ordered. Nobody asks it anything: it is told over RabbitMQ.

use lapin::ConnectionProperties;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicRejectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use opentracing_amqp::{TracingConnection, TracingConsumer, TracingDelivery, process};
use opentracing_core::Tracer;
use tokio::task::JoinHandle;

use crate::model::Parcel;
use crate::parcels::QUEUE;
use crate::under_way::UnderWay;

pub(crate) const NAME: &str = "shipping";

pub(crate) struct Shipping {
    connection: TracingConnection,
    packing: JoinHandle<()>,
}

impl Shipping {
    /// Takes messages from a queue of its own, which is gone when the shop is.
    pub(crate) async fn start(url: &str, tracer: Tracer, under_way: UnderWay) -> lapin::Result<Shipping> {
        let options = ConnectionProperties::default();
        let connection = TracingConnection::connect_with_tracer(tracer.clone(), url, options).await?;
        let channel = connection.create_channel().await?;
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(QUEUE.into(), exclusive, FieldTable::default()).await?;
        let options = BasicConsumeOptions::default();
        let parcels = channel.basic_consume(QUEUE.into(), NAME.into(), options, FieldTable::default()).await?;
        let packing = tokio::spawn(pack_all(parcels, tracer, under_way));
        Ok(Shipping { connection, packing })
    }

    /// Closes the connection, and with it the queue.
    pub(crate) async fn stop(self) {
        // Fails if the broker is gone, which is as good.
        let _ = self.connection.close(200, "closed".into()).await;
        let _ = self.packing.await;
    }
}

/// All that it takes to trace what is done with a message: `process`.
async fn pack_all(parcels: TracingConsumer, tracer: Tracer, under_way: UnderWay) {
    let handle = async |message: TracingDelivery| {
        let settled = match serde_json::from_slice::<Parcel>(&message.data) {
            Ok(parcel) => {
                pack(&parcel, &tracer);
                message.ack(BasicAckOptions::default()).await
            }
            // It would come again and again.
            Err(_) => message.reject(BasicRejectOptions { requeue: false }).await,
        };
        under_way.remove();
        settled.map(drop)
    };
    // Ends with the connection.
    let _ = process(parcels, handle).await;
}

fn pack(parcel: &Parcel, tracer: &Tracer) {
    let pieces: u32 = parcel.lines.iter().map(|line| line.quantity).sum();
    tracer.span("pack").tag("order", parcel.order).tag("pieces", pieces).start().finish();
}

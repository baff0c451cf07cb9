//! Streams: offers as server-sent events, and uploads of photos.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::Failure;
use crate::model::Product;
use crate::services::front_end::{ErrorPage, FrontEnd};

#[derive(Deserialize)]
pub(super) struct Offers {
    /// The number of events. Without it, the stream is endless.
    events: Option<usize>,
}

const PERIOD: Duration = Duration::from_millis(100);

/// Streams one product after the other, and fetches each when it is due. Calls that the stream makes are children of its request.
pub(super) async fn offers(
    State(shop): State<FrontEnd>,
    Query(offers): Query<Offers>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ErrorPage> {
    let skus: Vec<String> =
        shop.catalog.get::<Vec<Product>>(&["products"]).await?.into_iter().map(|product| product.sku).collect();
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = stream::unfold((shop, skus.into_iter().cycle(), ticks), async |(shop, mut skus, mut ticks)| {
        let sku = skus.next()?;
        ticks.tick().await;
        let event = match shop.catalog.get::<Product>(&["products", &sku]).await {
            Ok(product) => Event::default().data(format!("{} for {}", product.name, product.price)),
            Err(Failure { .. }) => Event::default().comment("no offer available"),
        };
        Some((Ok(event), (shop, skus, ticks)))
    });
    Ok(Sse::new(events.take(offers.events.unwrap_or(usize::MAX))))
}

const MAX_PHOTO_BYTES: usize = 32 << 20;

/// Reads the photo of a product and discards it.
pub(super) async fn photo(Path(sku): Path<String>, photo: Body) -> Result<String, ErrorPage> {
    let (mut photo, mut bytes) = (photo.into_data_stream(), 0);
    while let Some(part) = photo.next().await {
        bytes += part.map_err(|_| Failure::new(StatusCode::BAD_REQUEST, "the photo is incomplete"))?.len();
        if bytes > MAX_PHOTO_BYTES {
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the photo is too large").into());
        }
    }
    Ok(format!("thank you for {bytes} bytes of {sku}\n"))
}

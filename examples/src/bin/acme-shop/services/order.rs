//! Turns carts into orders.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};

use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::model::{Cents, Checkout, Line, Order, Parcel, Payment, PlacedOrder, Product, Receipt};
use crate::parcels::Parcels;
use crate::topic::Topic;
use crate::upstream::Upstream;

/// The services that this one calls, and its storage.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) cart: Upstream,
    pub(crate) catalog: Upstream,
    pub(crate) payment: Upstream,
    pub(crate) ledger: Ledger,
    pub(crate) topic: Topic,
    pub(crate) parcels: Parcels,
}

pub(crate) fn router(orders: Orders) -> Router {
    Router::new().route("/orders", post(place)).with_state(orders)
}

async fn place(State(orders): State<Orders>, Json(checkout): Json<Checkout>) -> Result<Json<Order>, Failure> {
    let cart = ["carts", &checkout.user];
    let lines: Vec<Line> = orders.cart.get(&cart).await?;
    if lines.is_empty() {
        return Err(Failure::new(StatusCode::CONFLICT, "the cart is empty"));
    }
    let mut total = Cents(0);
    for line in &lines {
        let product: Product = orders.catalog.get(&["products", &line.sku]).await?;
        total = Cents(total.0.saturating_add(product.price.0.saturating_mul(line.quantity.into())));
    }
    let payment = Payment { card: checkout.card, amount: total };
    let receipt: Receipt = orders.payment.post(&["payments"], &payment).await?;
    let number = orders.ledger.write(&checkout.user, total, &lines).await?;
    orders.topic.publish(&PlacedOrder { number, receipt: receipt.reference.clone() }).await?;
    orders.cart.delete(&cart).await?;
    orders.parcels.send(&Parcel { order: number, customer: checkout.user, lines }).await?;
    Ok(Json(Order { number, total, receipt: receipt.reference }))
}

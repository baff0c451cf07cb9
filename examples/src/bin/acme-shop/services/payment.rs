//! Charges the cards of customers.

use std::error::Error;
use std::fmt;

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};

use crate::failure::Failure;
use crate::model::{Payment, Receipt};

pub(crate) fn router() -> Router {
    Router::new().route("/payments", post(pay))
}

async fn pay(Json(payment): Json<Payment>) -> Result<Json<Receipt>, Failure> {
    let receipt = charge(&payment).map_err(|error| {
        // The status marks the span of the request as failed. Only this code knows the reason.
        log::error!("cannot charge {}: {error}", payment.amount);
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    })?;
    Ok(Json(receipt))
}

/// The bank of the card does not respond.
#[derive(Debug)]
struct BankUnreachable;

impl fmt::Display for BankUnreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bank does not respond")
    }
}

impl Error for BankUnreachable {}

/// Simulates the bank, the only simulated part of the shop.
fn charge(payment: &Payment) -> Result<Receipt, BankUnreachable> {
    if payment.card == "card-of-bob" {
        return Err(BankUnreachable);
    }
    Ok(Receipt { reference: format!("R{}", payment.amount.0) })
}

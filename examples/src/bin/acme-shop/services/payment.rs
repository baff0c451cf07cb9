//! Charges the cards of customers.

use std::error::Error;
use std::fmt;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use opentracing_core::Tracer;

use crate::failure::Failure;
use crate::model::{Payment, Receipt};

pub(crate) fn router(tracer: Tracer) -> Router {
    Router::new().route("/payments", post(pay)).with_state(tracer)
}

async fn pay(State(tracer): State<Tracer>, Json(payment): Json<Payment>) -> Result<Json<Receipt>, Failure> {
    let receipt = charge(&payment).map_err(|error| {
        // The status marks the span of the request as failed. Only this code knows the reason.
        tracer.with_active(|span| {
            span.log_error(&error);
        });
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

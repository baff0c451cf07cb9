//! Gets the money from the customers' banks.

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
        // The status makes the request's span a failed one. Why it failed only this code knows.
        tracer.with_active(|span| {
            span.log_error(&error);
        });
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    })?;
    Ok(Json(receipt))
}

/// The bank that issued the card does not answer.
#[derive(Debug)]
struct BankUnreachable;

impl fmt::Display for BankUnreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bank does not answer")
    }
}

impl Error for BankUnreachable {}

/// Stands for the bank, which is the one thing in this shop that is not real.
fn charge(payment: &Payment) -> Result<Receipt, BankUnreachable> {
    if payment.card == "card-of-bob" {
        return Err(BankUnreachable);
    }
    Ok(Receipt { reference: format!("R{}", payment.amount.0) })
}

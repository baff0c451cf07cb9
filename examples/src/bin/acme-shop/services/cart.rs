//! The carts of the customers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::model::Line;

/// By customer, then by product.
#[derive(Clone, Default)]
struct Carts(Arc<Mutex<HashMap<String, BTreeMap<String, u32>>>>);

impl Carts {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, BTreeMap<String, u32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn router() -> Router {
    Router::new()
        .route("/carts/{user}", get(lines).delete(empty))
        .route("/carts/{user}/items", post(add))
        .with_state(Carts::default())
}

async fn lines(State(carts): State<Carts>, Path(user): Path<String>) -> Json<Vec<Line>> {
    let carts = carts.lock();
    let cart = carts.get(&user).into_iter().flatten();
    Json(cart.map(|(sku, &quantity)| Line { sku: sku.clone(), quantity }).collect())
}

async fn add(State(carts): State<Carts>, Path(user): Path<String>, Json(line): Json<Line>) -> StatusCode {
    let mut carts = carts.lock();
    let quantity = carts.entry(user).or_default().entry(line.sku).or_default();
    *quantity = quantity.saturating_add(line.quantity);
    StatusCode::CREATED
}

async fn empty(State(carts): State<Carts>, Path(user): Path<String>) -> StatusCode {
    carts.lock().remove(&user);
    StatusCode::NO_CONTENT
}

//! What there is to buy, and what sells best.

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::database::Database;
use crate::failure::Failure;
use crate::model::{Bestseller, Product};

pub(crate) fn router(database: Database) -> Router {
    Router::new()
        .route("/products", get(products))
        .route("/products/{sku}", get(product))
        .route("/search", get(search))
        .route("/bestsellers", get(bestsellers))
        .with_state(database)
}

async fn products(State(database): State<Database>) -> Result<Json<Vec<Product>>, Failure> {
    Ok(Json(database.products().await?))
}

async fn product(State(database): State<Database>, Path(sku): Path<String>) -> Result<Json<Product>, Failure> {
    let product = database.product(&sku).await?;
    product.map(Json).ok_or_else(|| Failure::not_found("product", &sku))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn search(State(database): State<Database>, Query(search): Query<Search>) -> Result<Json<Vec<Product>>, Failure> {
    Ok(Json(database.search(&search.q).await?))
}

async fn bestsellers(State(database): State<Database>) -> Result<Json<Vec<Bestseller>>, Failure> {
    Ok(Json(database.bestsellers().await?))
}

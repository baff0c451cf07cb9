//! The products and the bestsellers.

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::failure::Failure;
use crate::model::{Bestseller, Product};
use crate::products::Products;

pub(crate) fn router(known: Products) -> Router {
    Router::new()
        .route("/products", get(products))
        .route("/products/{sku}", get(product))
        .route("/search", get(search))
        .route("/bestsellers", get(bestsellers))
        .with_state(known)
}

async fn products(State(known): State<Products>) -> Result<Json<Vec<Product>>, Failure> {
    Ok(Json(known.all().await?))
}

async fn product(State(known): State<Products>, Path(sku): Path<String>) -> Result<Json<Product>, Failure> {
    let product = known.by_sku(&sku).await?;
    product.map(Json).ok_or_else(|| {
        tracing::warn!(sku, "unknown product");
        Failure::not_found("product", &sku)
    })
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn search(State(known): State<Products>, Query(search): Query<Search>) -> Result<Json<Vec<Product>>, Failure> {
    Ok(Json(known.search(&search.q).await?))
}

async fn bestsellers(State(known): State<Products>) -> Result<Json<Vec<Bestseller>>, Failure> {
    Ok(Json(known.bestsellers().await?))
}

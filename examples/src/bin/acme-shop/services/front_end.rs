//! The pages that customers see, built from the responses of the other services.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Form, Router};
use opentracing_tonic::TracingChannel;
use serde::Deserialize;

use crate::failure::Failure;
use crate::html;
use crate::model::{Bestseller, Checkout, Line, Order, Product};
use crate::services::offers;
use crate::upstream::Upstream;
use crate::users::UserName;
use crate::users::users_client::UsersClient;

/// The service's name.
pub(crate) const NAME: &str = "front-end";

/// The services that this one calls.
#[derive(Clone)]
pub(crate) struct FrontEnd {
    pub(crate) catalog: Upstream,
    /// By gRPC.
    pub(crate) user: UsersClient<TracingChannel>,
    pub(crate) cart: Upstream,
    pub(crate) order: Upstream,
}

pub(crate) fn router(shop: FrontEnd) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/search", get(search))
        .route("/products/{sku}", get(product))
        .route("/bestsellers", get(bestsellers))
        .route("/buy", post(buy))
        .route("/offers", get(offers::offers))
        .route("/products/{sku}/photo", put(offers::photo))
        .with_state(shop)
}

/// A failure as an HTML page.
pub(super) struct ErrorPage(Failure);

impl From<Failure> for ErrorPage {
    fn from(failure: Failure) -> Self {
        ErrorPage(failure)
    }
}

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        (self.0.status, Html(html::sorry(&self.0.reason))).into_response()
    }
}

type Page = Result<Html<String>, ErrorPage>;

/// Calls two services concurrently. Both calls are children of this request.
async fn home(State(shop): State<FrontEnd>) -> Page {
    let (products, cart) =
        tokio::join!(shop.catalog.get::<Vec<Product>>(&["products"]), shop.cart.get::<Vec<Line>>(&["carts", "ada"]),);
    let in_cart = cart?.iter().map(|line| u64::from(line.quantity)).sum();
    Ok(Html(html::home(&products?, in_cart)))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn search(State(shop): State<FrontEnd>, Query(search): Query<Search>) -> Page {
    let found: Vec<Product> = shop.catalog.search(&["search"], &search.q).await?;
    Ok(Html(html::found(&search.q, &found)))
}

async fn product(State(shop): State<FrontEnd>, Path(sku): Path<String>) -> Page {
    let product: Product = shop.catalog.get(&["products", &sku]).await?;
    Ok(Html(html::product(&product)))
}

async fn bestsellers(State(shop): State<FrontEnd>) -> Page {
    let bestsellers: Vec<Bestseller> = shop.catalog.get(&["bestsellers"]).await?;
    Ok(Html(html::bestsellers(&bestsellers)))
}

#[derive(Deserialize)]
struct Purchase {
    user: String,
    sku: String,
    #[serde(default = "one")]
    quantity: u32,
}

fn one() -> u32 {
    1
}

async fn buy(State(mut shop): State<FrontEnd>, Form(purchase): Form<Purchase>) -> Page {
    if !(1..=99).contains(&purchase.quantity) {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "from 1 to 99, please").into());
    }
    let user = shop.user.find(UserName { id: purchase.user }).await.map_err(Failure::from)?.into_inner();
    let product: Product = shop.catalog.get(&["products", &purchase.sku]).await?;
    let line = Line { sku: product.sku, quantity: purchase.quantity };
    shop.cart.send(&["carts", &user.id, "items"], &line).await?;
    let checkout = Checkout { user: user.id, card: user.card };
    let order: Order = shop.order.post(&["orders"], &checkout).await?;
    Ok(Html(html::thanks(&user.name, &order)))
}

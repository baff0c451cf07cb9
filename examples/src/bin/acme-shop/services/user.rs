//! Who the customers are.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};

use crate::failure::Failure;
use crate::model::User;

pub(crate) fn router() -> Router {
    Router::new().route("/users/{id}", get(user))
}

/// Name and card of each customer; Bob's bank is out of reach.
const USERS: [(&str, &str, &str); 2] = [("ada", "Ada", "card-of-ada"), ("bob", "Bob", "card-of-bob")];

async fn user(Path(id): Path<String>) -> Result<Json<User>, Failure> {
    let (id, name, card) =
        USERS.into_iter().find(|(known, ..)| *known == id).ok_or_else(|| Failure::not_found("customer", &id))?;
    Ok(Json(User { id: id.into(), name: name.into(), card: card.into() }))
}

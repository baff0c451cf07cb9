//! All routes of an HTTP address.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::security::{self, Guard};
use crate::state::AppState;
use crate::{ingest, pages};

/// The pages and the receivers, behind the checks that all requests pass.
pub(crate) fn router(state: AppState, guard: Guard) -> Router {
    ingest::router(state.clone())
        .merge(pages::router(state))
        .layer(from_fn_with_state(guard, security::guard))
        .layer(from_fn(security::headers))
}

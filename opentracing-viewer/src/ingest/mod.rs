//! The receivers: OTLP over HTTP and gRPC, Zipkin, Jaeger.

mod body;
mod error;
mod grpc;
mod http;
mod load;

pub(crate) use self::grpc::grpc;
pub(crate) use self::http::{PATHS, router};

use crate::decode::{Decoded, InvalidRequest};
use crate::state::AppState;

/// What became of the spans of a request.
struct Outcome {
    rejected: usize,
    message: Option<String>,
}

/// Decodes a request and keeps its spans, on a thread that may block.
async fn take<F>(state: &AppState, decode: F) -> Option<Result<Outcome, InvalidRequest>>
where
    F: FnOnce() -> Result<Decoded, InvalidRequest> + Send + 'static,
{
    let state = state.clone();
    let task = tokio::task::spawn_blocking(move || {
        let Decoded { spans, rejected, message } = decode()?;
        let inserted = state.store().insert(spans);
        state.counters().count(rejected + inserted.rejected, message.as_deref());
        Ok(Outcome { rejected: rejected + inserted.rejected, message })
    });
    task.await.ok()
}

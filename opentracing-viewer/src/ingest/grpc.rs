//! The receiver over gRPC.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

use super::http::success;
use super::take;
use crate::decode;
use crate::state::AppState;

/// The service of OTLP.
pub(crate) fn grpc(state: AppState) -> TraceServiceServer<Receiver> {
    let max_bytes = state.limits().max_body_bytes;
    TraceServiceServer::new(Receiver(state))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(max_bytes)
}

/// Takes spans by gRPC.
pub(crate) struct Receiver(AppState);

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let request = request.into_inner();
        match take(&self.0, move || Ok(decode::otlp_request(request))).await {
            Some(Ok(outcome)) => Ok(Response::new(success(outcome))),
            Some(Err(invalid)) => Err(Status::invalid_argument(invalid.to_string())),
            None => Err(Status::internal("the request could not be handled")),
        }
    }
}

//! OpenTracing for AWS Lambda functions on [`lambda_runtime`]: a span for each invocation, one for the initialization, and a flush before
//! Lambda freezes the process.
//!
//! ```no_run
//! use std::time::SystemTime;
//!
//! use lambda_runtime::{Error, LambdaEvent, service_fn};
//! use opentracing_core::Tracer;
//! use opentracing_lambda::TracingLayer;
//! use opentracing_reporter::{BatchReporter, Otlp};
//! use serde_json::{Value, json};
//!
//! async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
//!     // Spans that start here are children of the invocation.
//!     Ok(json!({ "statusCode": 200, "body": event.payload["path"] }))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let started = SystemTime::now();
//!     let otlp = Otlp::http("https://collector.example:4318")?;
//!     let (tracer, _guard) = BatchReporter::new(otlp).start(Tracer::builder("orders"))?;
//!     let layer = TracingLayer::with_tracer(tracer).init_started(started);
//!     layer.run(service_fn(handler)).await
//! }
//! ```
//!
//! [`TracingLayer::run`] replaces `lambda_runtime::run`. With a [`Runtime`](lambda_runtime::Runtime) of your own, add the layer to it and
//! wrap the handler in a [`TracingHandler`], which sees errors and panics:
//!
//! ```no_run
//! # use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
//! # use opentracing_lambda::{TracingHandler, TracingLayer};
//! # use serde_json::Value;
//! # async fn run() -> Result<(), Error> {
//! # let handler = async |event: LambdaEvent<Value>| Ok::<_, Error>(event.payload);
//! Runtime::new(TracingHandler::new(service_fn(handler))).layer(TracingLayer::new()).run().await
//! # }
//! ```
//!
//! # Spans
//!
//! | span | from | to |
//! |---|---|---|
//! | the invocation | the receipt of the event | the end of the response, which the runtime has then sent |
//! | `init`, a child of the first invocation | [`TracingLayer::init_started`], or the creation of the layer | the layer is added to the runtime |
//!
//! | event | name | kind | `faas.trigger` |
//! |---|---|---|---|
//! | API Gateway (REST and HTTP), function URL, load balancer | `GET /users/{id}`; the method if there is no route | server | `http` |
//! | SQS, SNS | `process orders`, after the queue or topic | consumer | `pubsub` |
//! | Kinesis, Kafka, Amazon MQ, an event of `EventBridge` | the function's name | consumer | `pubsub` |
//! | S3, `DynamoDB` | the function's name | server | `datasource` |
//! | a schedule of `EventBridge` | the function's name | server | `timer` |
//! | any other | the function's name | server | `other` |
//!
//! | tag | value |
//! |---|---|
//! | `component` | `lambda_runtime` |
//! | `faas.name`, `faas.version`, `faas.instance`, `faas.max_memory` | the function, its log stream, its memory in bytes |
//! | `faas.invocation_id` | the request id of AWS |
//! | `faas.coldstart` | whether it is the first invocation of a process that was started for it |
//! | `faas.trigger` | see above; [`TracingLayer::trigger`] sets it |
//! | `cloud.provider`, `cloud.platform`, `cloud.region`, `cloud.account.id` | `aws`, `aws_lambda`, and from the ARN |
//! | `cloud.resource_id`, `aws.lambda.invoked_arn` | the ARN, with the version in place of an alias, and as it was invoked |
//! | `aws.xray.trace_id` | the root of X-Ray, as `1-5759e988-bd862e3fe1be46a994272793` |
//! | `aws.lambda.tenant_id` | the tenant of a function with tenant isolation |
//! | `aws.lambda.initialization_type` | of `init`: `on-demand`, `provisioned-concurrency`, `snap-start` |
//! | `http.method`, `http.route`, `http.url` | of an HTTP event; the URL has no query |
//! | `messaging.system`, `message_bus.destination`, `messaging.batch.message_count`, `messaging.message.id` | of SQS and SNS; the id if there is one message |
//!
//! The layer does not see responses, so the handler sets `http.status_code`, with [`Tracer::with_active`](opentracing_core::Tracer::with_active).
//!
//! # Parents
//!
//! The first of these with a context is the parent:
//!
//! 1. the headers of an HTTP event, in the formats that the tracer reads: Instana, W3C, B3, …;
//! 2. the message attributes of SQS and SNS. As for all messages, the span follows from its senders, up to 128 of a batch;
//! 3. the client context of a direct invocation: its custom entries;
//! 4. the invocation's context of X-Ray, if X-Ray samples it. [`XRayContext`] changes that.
//!
//! If X-Ray does not sample, which is the case for every function without active tracing, a trace without another parent only takes its trace
//! id. Beside another parent, a sampled context of X-Ray is a `FollowsFrom` reference.
//!
//! # Errors, panics, deadlines
//!
//! | event | effect |
//! |---|---|
//! | the handler returns an error | the tag `error`, and a log with the error and its sources |
//! | the handler panics | the tag `error`, and a log; with its message if [`panic_hook`](opentracing_core::panic_hook) is installed |
//! | the runtime cannot send the response | the tag `error`, and a log |
//! | the deadline is near, 100 ms by default | the span ends with the tag `error` and a log with `error.kind=timeout`, and is flushed: Lambda kills the process at the deadline. If the handler goes on, what it does is in a span `past the deadline margin` |
//! | the initialization fails | call [`TracingLayer::init_failed`] |
//!
//! # Flush
//!
//! After an invocation the layer waits until the reporter has sent all spans, at most for [`TracingLayer::flush_timeout`], one second by
//! default, and not beyond the deadline. The response is already on its way, so its caller does not wait. Lambda freezes the process when
//! the runtime asks for the next event, which is after the flush. What could not be sent in time is sent in the next invocation.
//!
//! # Limits
//!
//! - Attributes of SNS inside of an SQS message are read only with raw message delivery.
//! - The body of an event is parsed once more, skipping what is not needed.
//! - `lambda_http` works: pass `lambda_http::Adapter::from(handler)` to [`TracingLayer::run`].
#![cfg_attr(docsrs, feature(doc_cfg))]

mod event;
mod flush;
mod future;
mod handler;
mod init;
mod invocation;
mod layer;
mod service;
mod settings;
pub mod tags;

pub use crate::future::ResponseFuture;
pub use crate::handler::{HandlerFuture, TracingHandler};
pub use crate::layer::TracingLayer;
pub use crate::service::Tracing;
pub use crate::settings::{Trigger, XRayContext};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

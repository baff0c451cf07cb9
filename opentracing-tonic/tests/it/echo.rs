//! A service with all four kinds of calls, as a generator would write it, and its client. What it does stands in the message.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::PathAndQuery;
use opentracing_core::Tracer;
use tokio_stream::{Stream, StreamExt, once};
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::server::{Grpc, NamedService};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

pub(crate) const UNARY: &str = "/acme.test.Echo/Unary";
pub(crate) const SERVER_STREAM: &str = "/acme.test.Echo/ServerStream";
pub(crate) const CLIENT_STREAM: &str = "/acme.test.Echo/ClientStream";
pub(crate) const BIDI: &str = "/acme.test.Echo/Bidi";

type BoxError = Box<dyn Error + Send + Sync>;
type Codec = ProstCodec<String, String>;

/// Makes a span `work` for each message that it sends.
#[derive(Clone)]
pub(crate) struct Echo {
    tracer: Tracer,
}

impl Echo {
    pub(crate) fn new(tracer: Tracer) -> Self {
        Echo { tracer }
    }

    fn work(&self) {
        self.tracer.span("work").start().finish();
    }

    /// `fail 5 text` fails with that code and text, `panic` panics, `hang` never answers. Anything else is sent back.
    async fn unary(self, request: Request<String>) -> Result<Response<String>, Status> {
        self.work();
        let message = request.into_inner();
        match message.split_whitespace().next() {
            Some("hang") => std::future::pending().await,
            Some("panic") => panic!("as it was told to"),
            Some("fail") => Err(failure(&message)),
            _ => {
                let mut response = Response::new(message);
                response.metadata_mut().insert("x-served-by", "echo".parse().unwrap());
                Ok(response)
            }
        }
    }

    /// `3` sends three messages, `3 fail 5 text`, `3 panic` and `3 hang` do that then.
    fn replies(&self, message: &str) -> Replies {
        let (number, then) = message.split_once(' ').unwrap_or((message, ""));
        Replies { echo: self.clone(), left: number.parse().unwrap(), then: then.to_owned(), is_flushed: false }
    }
}

fn failure(words: &str) -> Status {
    let mut words = words.splitn(3, ' ').skip(1);
    let code = words.next().and_then(|code| code.parse().ok()).map_or(Code::Unknown, Code::from_i32);
    Status::new(code, words.next().unwrap_or_default())
}

struct Replies {
    echo: Echo,
    left: u32,
    then: String,
    is_flushed: bool,
}

impl Stream for Replies {
    type Item = Result<String, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left > 0 {
            self.left -= 1;
            if self.left < 10 {
                self.echo.work();
            }
            return Poll::Ready(Some(Ok(self.left.to_string())));
        }
        if !std::mem::replace(&mut self.is_flushed, true) {
            // tonic sends what it has when there is nothing more for the moment.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.then.split_whitespace().next() {
            Some("hang") => Poll::Pending,
            Some("panic") => panic!("as it was told to"),
            Some("fail") => Poll::Ready(Some(Err(failure(&self.then)))),
            _ => Poll::Ready(None),
        }
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "acme.test.Echo";
}

impl<B> Service<http::Request<B>> for Echo
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(Codec::default());
            let path = request.uri().path().to_owned();
            Ok(match path.as_str() {
                UNARY => grpc.unary(service_fn(move |request| echo.clone().unary(request)), request).await,
                SERVER_STREAM => {
                    let serve = |request: Request<String>| {
                        let replies = echo.replies(request.get_ref());
                        async move { Ok::<_, Status>(Response::new(replies)) }
                    };
                    grpc.server_streaming(service_fn(serve), request).await
                }
                CLIENT_STREAM => {
                    let serve = |request: Request<Streaming<String>>| async move {
                        let (mut messages, mut count) = (request.into_inner(), 0);
                        while messages.message().await?.is_some() {
                            count += 1;
                        }
                        Ok::<_, Status>(Response::new(count.to_string()))
                    };
                    grpc.client_streaming(service_fn(serve), request).await
                }
                BIDI => {
                    let serve = |request: Request<Streaming<String>>| async move {
                        // Says goodbye when the client has closed its half.
                        let replies = request.into_inner().chain(once(Ok("bye".to_owned())));
                        Ok::<_, Status>(Response::new(replies))
                    };
                    grpc.streaming(service_fn(serve), request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// As a generator would write it.
#[derive(Clone)]
pub(crate) struct EchoClient<T>(tonic::client::Grpc<T>);

impl<T> EchoClient<T>
where
    T: GrpcService<Body>,
    T::Error: Into<BoxError>,
    T::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<BoxError> + Send,
{
    pub(crate) fn new(channel: T) -> Self {
        EchoClient(tonic::client::Grpc::new(channel))
    }

    pub(crate) fn with_origin(channel: T, origin: http::Uri) -> Self {
        EchoClient(tonic::client::Grpc::with_origin(channel, origin))
    }

    /// With limits for messages in bytes.
    pub(crate) fn with_limits(channel: T, decoded: usize, encoded: usize) -> Self {
        let grpc = tonic::client::Grpc::new(channel);
        EchoClient(grpc.max_decoding_message_size(decoded).max_encoding_message_size(encoded))
    }

    pub(crate) fn with_interceptor<F>(channel: T, interceptor: F) -> EchoClient<InterceptedService<T, F>>
    where
        F: Interceptor,
        T: Service<http::Request<Body>, Response = http::Response<<T as GrpcService<Body>>::ResponseBody>>,
        T::ResponseBody: Default,
        <T as Service<http::Request<Body>>>::Error: Into<BoxError> + Send + Sync,
    {
        EchoClient::new(InterceptedService::new(channel, interceptor))
    }

    pub(crate) async fn unary(&mut self, message: &str) -> Result<Response<String>, Status> {
        self.send(UNARY, Request::new(message.to_owned())).await
    }

    pub(crate) async fn send(
        &mut self,
        path: &'static str,
        request: Request<String>,
    ) -> Result<Response<String>, Status> {
        self.ready().await?;
        self.0.unary(request, PathAndQuery::from_static(path), Codec::default()).await
    }

    pub(crate) async fn server_stream(&mut self, message: &str) -> Result<Streaming<String>, Status> {
        self.ready().await?;
        let (request, path) = (Request::new(message.to_owned()), PathAndQuery::from_static(SERVER_STREAM));
        Ok(self.0.server_streaming(request, path, Codec::default()).await?.into_inner())
    }

    pub(crate) async fn client_stream(
        &mut self,
        messages: impl Stream<Item = String> + Send + 'static,
    ) -> Result<Response<String>, Status> {
        self.ready().await?;
        let path = PathAndQuery::from_static(CLIENT_STREAM);
        self.0.client_streaming(Request::new(messages), path, Codec::default()).await
    }

    pub(crate) async fn bidi(
        &mut self,
        messages: impl Stream<Item = String> + Send + 'static,
    ) -> Result<Streaming<String>, Status> {
        self.ready().await?;
        let path = PathAndQuery::from_static(BIDI);
        Ok(self.0.streaming(Request::new(messages), path, Codec::default()).await?.into_inner())
    }

    async fn ready(&mut self) -> Result<(), Status> {
        self.0.ready().await.map_err(|error| Status::unavailable(error.into().to_string()))
    }
}

//! The site that an adapter serves.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRAILER, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use hyper_util::rt::TokioIo;
use opentracing_core::{Text, Tracer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};

use crate::server::body::{Fed, SiteBody, Then};

/// The site that an adapter serves. Its paths cover what tracers get wrong. Whatever router an adapter has, each request goes to
/// [`answer`](Site::answer), which chooses the response by the path.
///
/// ```
/// use axum::Router;
/// use axum::extract::Request;
/// use axum::routing::any;
/// use opentracing_contract::Site;
///
/// fn router(site: &Site) -> Router {
///     let site = site.clone();
///     let handler = any(async move |request: Request| {
///         site.answer(request).await.map(axum::body::Body::new)
///     });
///     let router = Site::PATHS
///         .iter()
///         .fold(Router::new(), |router, path| router.route(path, handler.clone()));
///     router.nest("/nested", Router::new().route("/items/{id}", handler))
/// }
/// ```
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    tracer: Tracer,
    variant: Variant,
    begun: mpsc::UnboundedSender<()>,
    gate: Arc<Semaphore>,
    feed: Mutex<Option<mpsc::UnboundedReceiver<Fed>>>,
}

/// The settings that a check needs in addition to the defaults of the adapter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Variant {
    /// The defaults.
    Plain,
    /// Requests for the path `/skipped` are not recorded, nor the spans below them.
    Skips,
    /// Requests are untrusted: each begins a trace.
    PublicEdge,
    /// A hook for requests sets the operation name `decorated` and the tag `decorated.path` to the path. A hook for responses sets the tag
    /// `decorated.status` to the status.
    Decorated,
    /// A layer between the adapter and the handlers turns a panic into the status 500.
    CatchesPanics,
    /// Proxies at loopback addresses are trusted.
    TrustsProxies,
    /// The scheme is `https` unless a request names another one, as for a server that terminates TLS itself.
    Https,
    /// The adapter is applied twice, once around the other.
    Layered,
    /// A layer around the adapter answers `OPTIONS` requests itself, with the `Default` of the adapter's body. tower-http's `CorsLayer` does
    /// that.
    AnswersOutside,
}

/// How a check controls a site.
pub(crate) struct Controls {
    pub(crate) begun: mpsc::UnboundedReceiver<()>,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) feed: mpsc::UnboundedSender<Fed>,
}

impl Site {
    /// The templates of all routes except the one of the [nested](Self::NESTED) router. Variables are in braces; an adapter for a router
    /// with another syntax translates them.
    pub const PATHS: &[&str] = &[
        "/",
        "/foo",
        "/context",
        "/baggage",
        "/child",
        "/async",
        "/together",
        "/skipped",
        "/items/{id}",
        "/async_items/{id}",
        "/bad-request",
        "/unavailable",
        "/unavailable-async",
        "/empty",
        "/no-content",
        "/not-modified",
        "/chunked",
        "/sized",
        "/exact",
        "/trailers",
        "/feed",
        "/download",
        "/hang",
        "/panic",
        "/panic-async",
        "/panic-in-call",
        "/panicking-body",
        "/broken-body",
        "/upload",
        "/early",
        "/upgrade",
    ];

    /// The prefix of a nested router, and the template of its only route.
    pub const NESTED: (&str, &str) = ("/nested", "/items/{id}");

    pub(crate) fn new(tracer: Tracer, variant: Variant) -> (Self, Controls) {
        let ((begun, begins), (feed, fed)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let gate = Arc::new(Semaphore::new(0));
        let inner = Inner { tracer, variant, begun, gate: gate.clone(), feed: Mutex::new(Some(fed)) };
        (Site(Arc::new(inner)), Controls { begun: begins, gate, feed })
    }

    /// The tracer of the check.
    pub fn tracer(&self) -> &Tracer {
        &self.0.tracer
    }

    /// The settings that the check needs.
    pub fn variant(&self) -> Variant {
        self.0.variant
    }

    /// Answers a request. Call it from a handler, inside of the traced layer. An adapter that serves a service of its own calls it in
    /// `Service::call` itself and polls the future later.
    ///
    /// # Panics
    ///
    /// For the path `/panic-in-call`; the future panics for other paths that say so.
    pub fn answer<B: Body>(&self, request: Request<B>) -> impl Future<Output = Response<SiteBody>> + use<B> {
        if request.uri().path() == "/panic-in-call" {
            panic!("the service panics in its call, as it should");
        }
        let site = self.clone();
        async move { site.answer_later(request).await }
    }

    async fn answer_later<B: Body>(&self, mut request: Request<B>) -> Response<SiteBody> {
        let tracer = &self.0.tracer;
        let path = request.uri().path().to_owned();
        // Most checks do not listen.
        let _ = self.0.begun.send(());
        if let Some((collection, id)) = path.rsplit_once('/')
            && matches!(collection, "/items" | "/nested/items" | "/async_items")
        {
            if collection == "/async_items" {
                tokio::task::yield_now().await;
            }
            return Response::new(SiteBody::full(id.to_owned()));
        }
        match &*path {
            "/" | "/foo" | "/skipped" | "/early" => Response::new(SiteBody::full(path)),
            "/context" => Response::new(SiteBody::full(match tracer.active_context() {
                Some(context) => format!("{} {:?}", context.trace_id(), context.sampling()),
                None => "none".to_owned(),
            })),
            "/baggage" => {
                let context = tracer.active_context();
                let user = context.as_ref().and_then(|context| context.baggage_item("user")).unwrap_or_default();
                Response::new(SiteBody::full(user.to_owned()))
            }
            "/child" => {
                tracer.span("child").start().finish();
                Response::new(SiteBody::full(path))
            }
            "/async" => {
                tokio::task::yield_now().await;
                let child = tracer.span("child").start();
                tokio::task::yield_now().await;
                child.finish();
                Response::new(SiteBody::full(path))
            }
            "/together" => self.together(request.uri().query().unwrap_or_default()).await,
            "/bad-request" => with_status(StatusCode::BAD_REQUEST, SiteBody::full(path)),
            "/unavailable" => with_status(StatusCode::SERVICE_UNAVAILABLE, SiteBody::full(path)),
            "/unavailable-async" => {
                tokio::task::yield_now().await;
                with_status(StatusCode::SERVICE_UNAVAILABLE, SiteBody::full(path))
            }
            "/empty" => Response::new(SiteBody::empty()),
            "/no-content" => with_status(StatusCode::NO_CONTENT, SiteBody::frames(tracer, &["never sent"], Then::End)),
            "/not-modified" => {
                with_status(StatusCode::NOT_MODIFIED, SiteBody::frames(tracer, &["never sent"], Then::End))
            }
            "/chunked" => Response::new(SiteBody::frames(tracer, &["one ", "two ", "3"], Then::End)),
            "/sized" => {
                let mut response = Response::new(SiteBody::frames(tracer, &["one ", "two ", "3"], Then::End));
                response.headers_mut().insert(CONTENT_LENGTH, 9.into());
                response
            }
            "/exact" => Response::new(SiteBody::frames(tracer, &["one ", "two ", "3"], Then::End).announcing(9)),
            "/trailers" => {
                let mut response = Response::new(SiteBody::frames(tracer, &["one"], Then::Trailers));
                response.headers_mut().insert(TRAILER, HeaderValue::from_static("x-checksum"));
                response
            }
            "/feed" => Response::new(SiteBody::frames(tracer, &[], self.fed())),
            "/download" => Response::new(SiteBody::frames(tracer, &[], self.fed()).announcing(1000)),
            "/hang" => std::future::pending().await,
            "/panic" => panic!("the handler panics, as it should"),
            "/panic-async" => {
                tokio::task::yield_now().await;
                panic!("the handler panics, as it should")
            }
            "/panicking-body" => Response::new(SiteBody::frames(tracer, &["one"], Then::Panic)),
            "/broken-body" => Response::new(SiteBody::frames(tracer, &["one"], Then::Error)),
            "/upload" => match size(request.into_body()).await {
                Some(bytes) => Response::new(SiteBody::full(format!("received {bytes}"))),
                None => with_status(StatusCode::BAD_REQUEST, SiteBody::empty()),
            },
            "/upgrade" => upgrade(&mut request),
            _ => with_status(StatusCode::NOT_FOUND, SiteBody::empty()),
        }
    }

    /// Waits within a span named by the query until the check opens the gate.
    async fn together(&self, query: &str) -> Response<SiteBody> {
        let tracer = &self.0.tracer;
        let child = tracer.span(Text::Copied(query)).start();
        // The gate is never closed.
        drop(self.0.gate.acquire().await);
        tracer.with_active(|span| {
            span.set_tag("request", query);
        });
        child.finish();
        Response::new(SiteBody::full(query.to_owned()))
    }

    /// The body that the check feeds. Each check has one.
    fn fed(&self) -> Then {
        self.0.feed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Then::End, Then::Feed)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("variant", &self.0.variant).finish_non_exhaustive()
    }
}

fn with_status(status: StatusCode, body: SiteBody) -> Response<SiteBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// The number of bytes in a body; `None` if it fails.
async fn size(body: impl Body) -> Option<usize> {
    let (mut body, mut bytes) = (pin!(body), 0);
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            bytes += bytes::Buf::remaining(&data);
        }
    }
    Some(bytes)
}

/// Upgrades the connection to a protocol that answers `ping` with `pong`.
fn upgrade<B>(request: &mut Request<B>) -> Response<SiteBody> {
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let mut connection = TokioIo::new(upgraded.await.ok()?);
        let mut ping = [0; 4];
        connection.read_exact(&mut ping).await.ok()?;
        let pong = if ping == *b"ping" { Bytes::from("pong") } else { Bytes::from("what?") };
        connection.write_all(&pong).await.ok()
    });
    let mut response = with_status(StatusCode::SWITCHING_PROTOCOLS, SiteBody::empty());
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("pingpong"));
    response
}

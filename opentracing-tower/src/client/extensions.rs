//! What a request may say about its span, in its extensions.

use std::borrow::Cow;

/// The operation name of the request's span. Put into the extensions of a request; without it the name is the method. Names should be
/// few: `GET /users/{id}`, not `GET /users/7`.
///
/// ```
/// use http::Request;
/// use opentracing_tower::OperationName;
///
/// let request = Request::get("http://users.example/users/7").extension(OperationName("GET /users/{id}".into())).body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperationName(pub Cow<'static, str>);

/// The name of the service that the request goes to: the tag `peer.service`. Put into the extensions of a request; goes before what
/// [`TracingClientLayer::peer_services`](crate::TracingClientLayer::peer_services) says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerServiceName(pub Cow<'static, str>);

/// Leaves the headers of a request as they are: the trace ends here. There is a span all the same. Put into the extensions of a
/// request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WithoutPropagation;

/// Makes the request as if there were no layer: no span, and its headers as they are. Put into the extensions of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Untraced;

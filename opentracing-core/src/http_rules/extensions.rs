//! What a request says about its own span, in its extensions.

use std::borrow::Cow;

use crate::model::value::Text;

/// The operation name of a request's span. Insert it into the extensions of the request; the default name is the method.
///
/// There should be few names: `GET /users/{id}`, not `GET /users/7`.
///
/// ```
/// use opentracing_core::http_rules::OperationName;
///
/// let request = http::Request::get("http://users.example/users/7");
/// let request = request.extension(OperationName("GET /users/{id}".into())).body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OperationName(pub Cow<'static, str>);

/// The tag `peer.service` of a request's span: the name of the called service. Insert it into the extensions of the request. It wins
/// over the names that the client is configured with.
///
/// ```
/// use opentracing_core::http_rules::PeerServiceName;
///
/// let request = http::Request::get("http://10.0.0.7/users/7");
/// let request = request.extension(PeerServiceName("users".into())).body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PeerServiceName(pub Cow<'static, str>);

/// Sends a request without changing its headers: it has a span, but carries no context. Insert it into the extensions of the request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct WithoutPropagation;

/// Sends a request without a span and without changing its headers. Insert it into the extensions of the request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Untraced;

impl OperationName {
    /// The name as a text. A `'static` name is not copied.
    pub fn as_text(&self) -> Text<'_> {
        match &self.0 {
            Cow::Borrowed(name) => Text::Static(name),
            Cow::Owned(name) => Text::Copied(name),
        }
    }
}

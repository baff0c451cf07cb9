//! The path of a call.

/// Replaces the method of a path that names none (OpenTelemetry semantic conventions, RPC spans).
pub(crate) const OTHER_METHOD: &str = "_OTHER";

/// `package.Service/Method`: the path without its first slash. `None` if the path has not the form of a call's; the service is what stands
/// before the last slash (gRPC over HTTP2, "Requests").
pub(crate) fn method(path: &str) -> Option<&str> {
    let method = path.strip_prefix('/')?;
    let (service, name) = method.rsplit_once('/')?;
    (!service.is_empty() && !name.is_empty()).then_some(method)
}

/// Whether the path calls that service.
pub(crate) fn calls(path: &str, service: &str) -> bool {
    method(path).and_then(|method| method.strip_prefix(service)).is_some_and(|rest| rest.starts_with('/'))
}

pub(crate) const HEALTH: &str = "grpc.health.v1.Health";
pub(crate) const REFLECTION: [&str; 2] =
    ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

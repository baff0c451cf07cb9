//! `data.rpc`.

use crate::instana::data::Source;
use crate::instana::facts::{Role, to_text};
use crate::wire::json::Object;

pub(crate) const ENTRY_TAGS: &[&str] = &["rpc.system", "rpc.system.name", "rpc.method"];
pub(crate) const TAGS: &[&str] =
    &["rpc.system", "rpc.system.name", "rpc.method", "peer.hostname", "peer.ipv4", "peer.ipv6", "peer.port"];

pub(crate) fn write(source: Source<'_, '_>, data: &mut Object<'_>) {
    let Source { span, facts, role, detail } = source;
    data.object("rpc", |rpc| {
        rpc.text("flavor", "grpc");
        let call = facts.rpc_method.map(to_text);
        let call = call.as_deref().unwrap_or(span.operation_name());
        rpc.text("call", detail.text(call.strip_prefix('/').unwrap_or(call)));
        // The address of the server, which is the peer on the client side only.
        if role == Role::Exit {
            source.text(rpc, "host", facts.peer_host());
            source.text(rpc, "port", facts.peer_port);
        }
        let status = facts.rpc_failure().map(to_text);
        source.error(rpc, status.as_deref());
    });
}

//! The names by which the viewer may be called.

use std::net::{IpAddr, SocketAddr};

/// The hosts and origins that requests may name.
///
/// A page of another site can make a browser look up its own name as a loopback address, and then read what the viewer answers (DNS
/// rebinding). The browser still sends that name as `Host`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    names: Vec<String>,
    origins: Vec<String>,
}

impl Hosts {
    /// `names` are allowed beside loopback names and the address itself; `origins` may send spans from a browser.
    pub(crate) fn new(names: &[String], origins: &[String]) -> Self {
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let origins = origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        Hosts { names, origins }
    }

    /// Whether `host` names this address. Only port 80 may be left out.
    pub(super) fn allows(&self, host: &str, local: SocketAddr) -> bool {
        let host = host.to_ascii_lowercase();
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
            _ => (host.as_str(), Some(80)),
        };
        port == Some(local.port()) && self.is_known(name, local.ip()) || self.names.contains(&host)
    }

    fn is_known(&self, name: &str, local: IpAddr) -> bool {
        let address = match local {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        matches!(name, "localhost" | "127.0.0.1" | "[::1]")
            || name == address && !local.is_unspecified()
            || self.names.iter().any(|other| other == name)
    }

    /// Whether pages of this origin may send spans.
    pub(super) fn allows_origin(&self, origin: &str) -> bool {
        self.origins.contains(&origin.to_ascii_lowercase())
    }
}

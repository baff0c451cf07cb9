//! The address of an agent.

use std::net::IpAddr;

use http::uri::Authority;

use crate::connection::InvalidEndpoint;

/// `host:port`, `host`, `[::1]:port`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HostPort {
    /// An IPv6 address has no brackets here.
    pub(super) host: Box<str>,
    pub(super) port: u16,
}

impl HostPort {
    pub(super) fn parse(address: &str, default_port: u16) -> Result<Self, InvalidEndpoint> {
        if let Ok(ip) = address.parse::<IpAddr>() {
            return Ok(HostPort { host: ip.to_string().into(), port: default_port });
        }
        let invalid = || InvalidEndpoint::host_and_port(address);
        let authority: Authority = address.parse().map_err(|_| invalid())?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || address.contains('@') {
            return Err(invalid());
        }
        let port = match address.strip_prefix(authority.host()) {
            Some("") => default_port,
            Some(rest) => rest.trim_start_matches(':').parse().ok().filter(|&port| port != 0).ok_or_else(invalid)?,
            None => return Err(invalid()),
        };
        Ok(HostPort { host: host.into(), port })
    }
}

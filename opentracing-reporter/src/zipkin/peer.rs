//! The remote endpoint of a span.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use opentracing_core::{FinishedSpan, SpanKind, Value};

use crate::wire::json;

/// The tags that describe the peer.
#[derive(Default)]
pub(super) struct Peer<'a> {
    service: Option<&'a str>,
    hostname: Option<&'a str>,
    address: Option<&'a str>,
    database: Option<&'a str>,
    ipv4: Option<Ipv4Addr>,
    ipv6: Option<Ipv6Addr>,
    port: Option<u16>,
}

impl<'a> Peer<'a> {
    pub(super) fn add_tag(&mut self, key: &str, value: Value<'a>) {
        let text = match value {
            Value::Static(text) => Some(text),
            Value::Str(text) => Some(text),
            _ => None,
        };
        let text = text.filter(|text| !text.is_empty());
        match key {
            "peer.service" => self.service = text,
            "peer.hostname" => self.hostname = text,
            "peer.address" => self.address = text,
            "peer.ipv4" => self.ipv4 = text.and_then(|text| text.parse().ok()),
            "peer.ipv6" => self.ipv6 = text.and_then(|text| text.parse().ok()),
            "peer.port" => self.port = port(value),
            "db.instance" => self.database = text,
            _ => {}
        }
    }

    /// Writes `remoteEndpoint`. Zipkin draws its map of services from its name.
    pub(super) fn write(mut self, span: FinishedSpan<'_>, out: &mut Vec<u8>) {
        let host = self.host_of_address();
        let database = self.database.filter(|_| span.kind() == SpanKind::Client);
        let name = self.service.or(self.hostname).or(host).or(database);
        let mut separator = b",\"remoteEndpoint\":{".as_slice();
        let mut next = |out: &mut Vec<u8>, key: &[u8]| {
            out.extend_from_slice(std::mem::replace(&mut separator, b","));
            out.extend_from_slice(key);
        };
        let is_known = name.is_some() || self.ipv4.is_some() || self.ipv6.is_some();
        if let Some(name) = name {
            next(out, b"\"serviceName\":");
            json::string(out, name);
        }
        if let Some(ip) = self.ipv4 {
            next(out, b"\"ipv4\":");
            json::string(out, &ip.to_string());
        }
        if let Some(ip) = self.ipv6 {
            next(out, b"\"ipv6\":");
            json::string(out, &ip.to_string());
        }
        if let Some(port) = self.port.filter(|_| is_known) {
            next(out, b"\"port\":");
            json::decimal(out, u64::from(port));
        }
        if is_known {
            out.push(b'}');
        }
    }

    /// The host in `peer.address`: `host:port`, or only a host. An IP address is stored as such.
    fn host_of_address(&mut self) -> Option<&'a str> {
        let address = self.address?;
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && (!host.contains(':') || host.ends_with(']')) => {
                (host, port.parse().ok())
            }
            _ => (address, None),
        };
        self.port = self.port.or(port.filter(|&port| port != 0));
        match host.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(IpAddr::V4(ip)) => self.ipv4 = self.ipv4.or(Some(ip)),
            Ok(IpAddr::V6(ip)) => self.ipv6 = self.ipv6.or(Some(ip)),
            Err(_) => return Some(host),
        }
        None
    }
}

/// Port 0 is not valid in Zipkin.
fn port(value: Value<'_>) -> Option<u16> {
    let port = match value {
        Value::I64(port) => u16::try_from(port).ok(),
        Value::U64(port) => u16::try_from(port).ok(),
        Value::Static(port) => port.parse().ok(),
        Value::Str(port) => port.parse().ok(),
        _ => None,
    };
    port.filter(|&port| port != 0)
}

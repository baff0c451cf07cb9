//! The target that parses settings.

use std::str::FromStr;

use opentracing_core::http_rules::{HostAllowList, HostPattern, Peer, PeerServices};
use opentracing_core::propagation::Composite;
use opentracing_core::{SecretsMatcher, SpanId, TraceId};

/// Parses a setting and matches it with a host and port. The first line is the setting, the second the host.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (setting, host) = text.split_once('\n').unwrap_or((&text, "shop.example"));
    let port = Some(u16::try_from(data.len()).unwrap_or(0));
    formats(setting);
    hosts(setting, host, port);
    id::<TraceId>(setting);
    id::<SpanId>(setting);
    if let Ok(matcher) = setting.parse::<SecretsMatcher>() {
        assert_eq!(matcher.to_string(), setting.trim());
    }
}

fn formats(setting: &str) {
    match setting.parse::<Composite>() {
        Ok(composite) => drop(format!("{composite:?}")),
        Err(error) => assert!(setting.split(',').any(|name| name.trim() == error.name())),
    }
}

fn hosts(setting: &str, host: &str, port: Option<u16>) {
    let list = setting.parse::<HostAllowList>();
    if let Ok(list) = &list {
        let admitted = list.allows(host, port);
        let mut each = setting.split([',', ' ']).filter_map(|pattern| pattern.parse::<HostPattern>().ok());
        assert_eq!(admitted, each.any(|pattern| pattern.matches(host, port)));
        if let Ok(uri) = host.parse::<http::Uri>() {
            let _ = list.allows_uri(&uri);
            let _ = Peer::from_uri(&uri);
        }
    }
    let peer = Peer::from_host(host, port);
    assert!(peer.ip.is_none() || peer.hostname.is_none());
    if let Ok(pattern) = setting.parse::<HostPattern>() {
        assert!(list.is_ok() || setting.contains([' ', ',']), "{setting:?} is a pattern, but no list");
        assert_eq!(pattern.matches(host, port), pattern.matches(&host.to_ascii_uppercase(), port));
        let services = PeerServices::new().with_host(setting, "peer").expect("it was parsed before");
        let service = services.resolve(None, &peer);
        let name = peer.ip.map_or_else(|| peer.hostname.unwrap_or_default().to_owned(), |ip| ip.to_string());
        assert!(
            !pattern.matches(&name, port) || name.is_empty() || service.is_some_and(|found| found.name() == "peer")
        );
    }
}

fn id<T: FromStr + ToString + PartialEq>(setting: &str) {
    if let Ok(id) = setting.parse::<T>() {
        assert!(id.to_string().parse::<T>().is_ok_and(|again| again == id));
        assert!(id.to_string().ends_with(&setting.trim_start_matches('0').to_ascii_lowercase()));
    }
}

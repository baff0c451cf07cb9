//! What holds of every `Forwarded` and `X-Forwarded-*` header.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentracing_core::http_rules::{Forwarded, TrustedProxies};

/// Each line is a header: one letter that names it, and its value. What is no header value is left out.
pub(crate) fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Some((name, value)) = line.split_first()
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            let name = NAMES[usize::from(*name) % NAMES.len()];
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Nothing is believed of a peer that is not trusted, and what is believed stands in the headers.
pub(crate) fn read(headers: &HeaderMap) {
    let peer = "10.0.0.1".parse().ok();
    assert!(Forwarded::read(&TrustedProxies::none(), peer, headers).is_empty());
    let proxies: TrustedProxies = "10.0.0.0/8, loopback".parse().expect("these are networks");
    assert!(Forwarded::read(&proxies, "192.0.2.7".parse().ok(), headers).is_empty());
    for proxies in [proxies, TrustedProxies::all()] {
        let forwarded = Forwarded::read(&proxies, peer, headers);
        let stands_there =
            |host: &str| headers.values().any(|value| value.to_str().is_ok_and(|value| value.contains(host)));
        assert!(forwarded.host.is_none_or(stands_there), "{:?} of {headers:?}", forwarded.host);
        assert!(forwarded.scheme.is_none_or(|scheme| ["http", "https"].contains(&scheme)));
        assert!(forwarded.port != Some(0));
        let prefix = forwarded.prefix.map(|prefix| prefix.to_string());
        assert!(
            prefix
                .is_none_or(|prefix| prefix.starts_with('/') && !prefix.ends_with('/') && !prefix.contains(['?', '#']))
        );
        assert_eq!(forwarded, Forwarded::read(&proxies, peer, headers));
    }
}

const NAMES: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix"];

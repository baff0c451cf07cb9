//! Trusted proxies.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The proxies whose `Forwarded` and `X-Forwarded-*` headers are trusted. None by default.
///
/// Parses networks and addresses that are separated by commas or spaces: `10.0.0.0/8, 192.0.2.7, fd00::/8`. `loopback` means `127.0.0.0/8` and
/// `::1`; `private` for the networks of RFC 1918 and RFC 4193. An IPv4-mapped IPv6 address counts as the IPv4 address.
///
/// ```
/// use opentracing_core::http_rules::TrustedProxies;
///
/// let proxies: TrustedProxies = "10.0.0.0/8, loopback".parse()?;
/// assert!(proxies.trusts("10.1.2.3".parse().ok()));
/// assert!(!proxies.trusts("192.0.2.7".parse().ok()));
/// # Ok::<(), opentracing_core::http_rules::InvalidProxies>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    trusts_all: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Network {
    base: IpAddr,
    prefix: u32,
}

/// A text is not a network: neither an address nor an address with a prefix length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidProxies(String);

impl TrustedProxies {
    /// Trusts no proxy.
    pub const fn none() -> Self {
        TrustedProxies { networks: Vec::new(), trusts_all: false }
    }

    /// Trusts every peer, also one without an IP address, such as a Unix socket: for servers that only proxies can reach. The first entry
    /// then wins, which the client has written if a proxy passes it on.
    pub const fn all() -> Self {
        TrustedProxies { networks: Vec::new(), trusts_all: true }
    }

    /// Whether the address is a trusted proxy. A peer without an address is trusted only by [`all`](Self::all).
    pub fn trusts(&self, ip: Option<IpAddr>) -> bool {
        let within = |ip: IpAddr| self.networks.iter().any(|network| network.contains(ip.to_canonical()));
        self.trusts_all || ip.is_some_and(within)
    }

    /// Whether a peer without an address might be one that is trusted.
    pub(super) fn needs_address(&self) -> bool {
        !self.trusts_all && !self.networks.is_empty()
    }
}

impl Network {
    fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                (base.to_bits() ^ ip.to_bits()).checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                (base.to_bits() ^ ip.to_bits()).checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let invalid = || InvalidProxies(text.to_owned());
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix)),
            None => (text, None),
        };
        let base = base.parse::<IpAddr>().map_err(|_| invalid())?;
        let bits: u32 = if base.is_ipv4() { 32 } else { 128 };
        let prefix: u32 = match prefix {
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().map_err(|_| invalid())?
            }
            Some(_) => return Err(invalid()),
            None => bits,
        };
        if prefix > bits {
            return Err(invalid());
        }
        // `::ffff:10.0.0.0/104` are IPv4 addresses, which are compared as such.
        match base.to_canonical() {
            v4 @ IpAddr::V4(_) if base.is_ipv6() => {
                prefix.checked_sub(96).map(|prefix| Network { base: v4, prefix }).ok_or_else(invalid)
            }
            base => Ok(Network { base, prefix }),
        }
    }
}

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let mut proxies = TrustedProxies::none();
        for name in text.split([',', ' ']).filter(|name| !name.is_empty()) {
            let networks: &[&str] = match name {
                "loopback" => &["127.0.0.0/8", "::1"],
                "private" => &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
                network => &[network],
            };
            for network in networks {
                proxies.networks.push(network.parse()?);
            }
        }
        Ok(proxies)
    }
}

impl fmt::Display for InvalidProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no network, such as 10.0.0.0/8, 192.0.2.7, loopback or private", self.0)
    }
}

impl Error for InvalidProxies {}

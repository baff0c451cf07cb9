//! The default gateway.

use std::fs::File;
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::Path;

/// Where Linux tells its routes.
pub(crate) const ROUTES: &str = "/proc/net/route";

/// The default gateway by the routes in that file; `None` if there is none, or no such file.
pub(crate) fn default_gateway(routes: &Path) -> Option<Ipv4Addr> {
    const MAX_BYTES: u64 = 64 << 10;
    let mut text = String::new();
    File::open(routes).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    text.lines().find_map(gateway)
}

/// Interface, destination, gateway, flags and more. Addresses are hexadecimal numbers whose bytes in memory are the address.
fn gateway(line: &str) -> Option<Ipv4Addr> {
    const GATEWAY: u32 = 2;
    let mut columns = line.split_whitespace().skip(1).map(|column| u32::from_str_radix(column, 16));
    let (destination, gateway, flags) = (columns.next()?.ok()?, columns.next()?.ok()?, columns.next()?.ok()?);
    (destination == 0 && gateway != 0 && flags & GATEWAY != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
}

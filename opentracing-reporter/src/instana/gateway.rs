//! The default gateway.

use std::fs::File;
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::Path;

/// The routes in Linux.
pub(crate) const ROUTES: &str = "/proc/net/route";

/// The default gateway in a file with routes. `None` if there is none, or no such file.
pub(crate) fn default_gateway(routes: &Path) -> Option<Ipv4Addr> {
    const MAX_BYTES: u64 = 64 << 10;
    let mut text = String::new();
    File::open(routes).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    text.lines().find_map(gateway)
}

/// The columns are interface, destination, gateway, flags and more. An address is a hexadecimal number in the byte order of the machine.
fn gateway(line: &str) -> Option<Ipv4Addr> {
    const GATEWAY: u32 = 2;
    let mut columns = line.split_whitespace().skip(1).map(|column| u32::from_str_radix(column, 16));
    let (destination, gateway, flags) = (columns.next()?.ok()?, columns.next()?.ok()?, columns.next()?.ok()?);
    (destination == 0 && gateway != 0 && flags & GATEWAY != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
}

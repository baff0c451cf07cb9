//! Passes the bytes of a connection on, as tunnels and forwarded sockets do.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// Connects to the server, and copies in both directions until one of them ends.
pub(crate) fn relay(
    mut from_client: impl Read + Send + 'static,
    mut to_client: impl Write + Send + 'static,
    server: SocketAddr,
) -> io::Result<()> {
    let mut to_server = TcpStream::connect(server)?;
    let mut from_server = to_server.try_clone()?;
    std::thread::spawn(move || {
        // Ends with either of the two connections.
        let _ = io::copy(&mut from_client, &mut to_server);
        to_server.shutdown(Shutdown::Both)
    });
    std::thread::spawn(move || io::copy(&mut from_server, &mut to_client));
    Ok(())
}

//! Servers that accept everything and keep the last body.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

/// The last received body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Last(Arc<Mutex<Vec<u8>>>);

impl Last {
    pub(crate) fn keep(&self, body: &[u8]) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.clear();
        last.extend_from_slice(body);
    }

    pub(crate) fn get(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts a thread that responds to every request with an empty 200, until the process ends.
pub(crate) fn http(last: Last) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // The client may reconnect after an error.
            let _ = serve(&stream, &last);
        }
    });
    Ok(address)
}

fn serve(mut stream: &TcpStream, last: &Last) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length, mut body) = (String::new(), 0, Vec::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            body.resize(length, 0);
            reader.read_exact(&mut body)?;
            if length > 0 {
                last.keep(&body);
            }
            length = 0;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        }
    }
}

/// Starts a thread that receives datagrams, until the process ends.
pub(crate) fn udp(last: Last) -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    std::thread::spawn(move || {
        let mut datagram = vec![0; 1 << 16];
        while let Ok(length) = socket.recv(&mut datagram) {
            last.keep(&datagram[..length]);
        }
    });
    Ok(address)
}

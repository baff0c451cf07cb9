//! The channel over UDP: datagrams without an answer.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::{Duration, Instant};

use crate::connection::{Answer, Channel, RequestStats};
use crate::transport::TransportCheck;

/// Sends each request as one datagram. It counts as accepted once the operating system has taken it.
#[derive(Debug)]
pub(super) struct Udp {
    host: Box<str>,
    port: u16,
    socket: Option<UdpSocket>,
    looked_up: Option<Instant>,
    /// The look-up in progress. It runs on a thread of its own, so that a slow name server does not block the reporter's thread.
    looking_up: Option<Receiver<io::Result<SocketAddr>>>,
    /// The datagram that waits for the look-up.
    datagram: Option<Vec<u8>>,
    answer: Option<Answer>,
    /// The size of the last datagram. There is no latency, since nothing comes back.
    stats: RequestStats,
}

/// How long a looked-up address is used. Agents may move.
const ADDRESS_AGE: Duration = Duration::from_secs(30);

impl Udp {
    pub(super) fn new(host: Box<str>, port: u16) -> Self {
        Udp {
            host,
            port,
            socket: None,
            looked_up: None,
            looking_up: None,
            datagram: None,
            answer: None,
            stats: RequestStats::default(),
        }
    }

    /// Uses the result of a look-up, and starts one if there is no address or it is old.
    fn refresh(&mut self) -> io::Result<()> {
        if let Some(receiver) = &self.looking_up {
            match receiver.try_recv() {
                Ok(address) => return self.use_address(address),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => self.looking_up = None,
            }
        }
        if self.looked_up.is_some_and(|at| at.elapsed() < ADDRESS_AGE) {
            return Ok(());
        }
        if let Ok(ip) = self.host.parse() {
            // An IP address never changes, so the socket stays.
            return if self.socket.is_some() { Ok(()) } else { self.use_address(Ok(SocketAddr::new(ip, self.port))) };
        }
        let (sender, receiver) = channel();
        let (host, port) = (self.host.clone(), self.port);
        std::thread::Builder::new().name("opentracing-dns".into()).spawn(move || {
            let address = (&*host, port).to_socket_addrs().and_then(|mut addresses| {
                addresses.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
            });
            // The transport may have been dropped.
            let _ = sender.send(address);
        })?;
        self.looking_up = Some(receiver);
        Ok(())
    }

    /// Keeps the last address if a later look-up fails.
    fn use_address(&mut self, address: io::Result<SocketAddr>) -> io::Result<()> {
        self.looking_up = None;
        match address {
            Ok(address) => {
                if self.socket.as_ref().and_then(|socket| socket.peer_addr().ok()) != Some(address) {
                    self.socket = Some(connect(address)?);
                }
                self.looked_up = Some(Instant::now());
                Ok(())
            }
            Err(_) if self.socket.is_some() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn send(&mut self, datagram: Vec<u8>) -> Option<Answer> {
        let Some(socket) = &self.socket else {
            self.datagram = Some(datagram);
            return None;
        };
        match socket.send(&datagram) {
            Ok(bytes) => {
                self.stats.bytes = bytes;
                Some(Answer::Accepted(Vec::new()))
            }
            Err(error) if error.raw_os_error() == Some(MESSAGE_TOO_LONG) => Some(Answer::TooLarge),
            Err(error) => Some(self.retry(&error)),
        }
    }

    fn retry(&self, error: &io::Error) -> Answer {
        Answer::retry(format!("cannot send a datagram to {} port {}: {error}", self.host, self.port))
    }
}

impl Channel for Udp {
    fn start(&mut self, body: Vec<u8>, _: &'static str) {
        self.stats = RequestStats::default();
        self.answer = match self.refresh() {
            Ok(()) => self.send(body),
            Err(error) => Some(self.retry(&error)),
        };
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        if let (Some(receiver), true) = (&self.looking_up, self.datagram.is_some()) {
            let address = match receiver.recv_timeout(wait) {
                Ok(address) => address,
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the look-up of the name failed")),
            };
            let datagram = self.datagram.take().unwrap_or_default();
            return match self.use_address(address) {
                Ok(()) => self.send(datagram),
                Err(error) => Some(self.retry(&error)),
            };
        }
        self.answer.take()
    }

    fn cancel(&mut self) {
        self.datagram = None;
        self.answer = None;
    }

    fn check(&self, _: Vec<u8>, _: &'static str) -> TransportCheck {
        let Udp { host, port, .. } = self;
        TransportCheck::unavailable(format!("UDP has no answers, so nobody knows whether {host} port {port} listens"))
    }

    fn request_stats(&self) -> RequestStats {
        self.stats
    }
}

/// A connected socket, so that the operating system reports when nobody listens.
fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)),
    }?;
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// `EMSGSIZE`, for which the standard library has no name.
const MESSAGE_TOO_LONG: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
    90
} else if cfg!(windows) {
    10_040
} else {
    40
};

//! The program `opentracing-viewer`: one page for the services of one machine.

mod arguments;

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::ExitCode;

use opentracing_viewer::Viewer;

use self::arguments::{Arguments, Parsed, USAGE};

fn main() -> ExitCode {
    let arguments = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Run(arguments)) => arguments,
        Ok(Parsed::Print(text)) => {
            let _ = writeln!(io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "opentracing-viewer: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if log::set_logger(&ToStderr).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "opentracing-viewer: {error}");
            if error.kind() == io::ErrorKind::AddrInUse {
                let _ =
                    writeln!(io::stderr(), "choose another port, or turn the receiver off, such as --zipkin-port off");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let ports = [arguments.http_port, arguments.zipkin_port, arguments.jaeger_port];
    let mut builder = Viewer::builder().max_bytes(arguments.max_bytes);
    let mut http = Vec::new();
    for (receiver, port) in ports.into_iter().enumerate() {
        let Some(port) = port else { continue };
        for address in addresses(arguments.listen, port) {
            builder = builder.listen(address);
            http.push(receiver);
        }
    }
    for address in arguments.grpc_port.into_iter().flat_map(|port| addresses(arguments.listen, port)) {
        builder = builder.listen_grpc(address);
    }
    if let Some(file) = &arguments.store {
        #[cfg(feature = "sqlite")]
        {
            builder = builder.store_file(file);
        }
        #[cfg(not(feature = "sqlite"))]
        return Err(io::Error::other(format!("{}: built without the feature sqlite", file.display())));
    }
    for host in &arguments.hosts {
        builder = builder.allow_host(host);
    }
    for origin in &arguments.origins {
        builder = builder.allow_origin(origin);
    }
    builder = match arguments.token.as_deref() {
        Some("random") => builder.random_token()?,
        Some(token) => builder.token(token),
        None => builder,
    };
    let signals = Signals::new()?;
    let viewer = builder.start()?;
    // Nobody who reads the output is no reason to stop.
    let _ = describe(&viewer, &http, arguments);
    signals.wait();
    drop(viewer);
    Ok(())
}

/// The IPv6 loopback address is a courtesy to clients that look up `localhost`: not every machine has it.
fn addresses(listen: Option<IpAddr>, port: u16) -> Vec<SocketAddr> {
    match listen {
        Some(ip) => vec![(ip, port).into()],
        None => {
            let other = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            let has_other = port != 0 && TcpListener::bind(other).is_ok();
            let first = [SocketAddr::from((Ipv4Addr::LOCALHOST, port))];
            first.into_iter().chain(has_other.then_some(other)).collect()
        }
    }
}

fn describe(viewer: &Viewer, http: &[usize], arguments: &Arguments) -> io::Result<()> {
    let endpoints = viewer.endpoints();
    let first = |receiver: usize| http.iter().position(|other| *other == receiver).map(|index| endpoints.http[index]);
    let mut out = io::stdout().lock();
    writeln!(out, "viewer  {}", viewer.url())?;
    if let Some(address) = first(0) {
        writeln!(out, "otlp    http://{address}/v1/traces")?;
    }
    if let Some(address) = endpoints.grpc.first() {
        writeln!(out, "grpc    http://{address}")?;
    }
    if let Some(address) = first(1) {
        writeln!(out, "zipkin  http://{address}/api/v2/spans")?;
    }
    if let Some(address) = first(2) {
        writeln!(out, "jaeger  http://{address}/api/traces")?;
    }
    match &arguments.store {
        Some(file) => writeln!(out, "keeps   {} MiB, also in {}", arguments.max_bytes >> 20, file.display())?,
        None => writeln!(out, "keeps   {} MiB in memory", arguments.max_bytes >> 20)?,
    }
    writeln!(
        out,
        "For more than one machine, let an OpenTelemetry Collector send to Jaeger, Tempo or Zipkin, and here too: see --help."
    )?;
    out.flush()
}

/// What asks the program to end.
#[cfg(unix)]
struct Signals(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).map(Signals)
    }

    fn wait(mut self) {
        self.0.forever().next();
    }
}

/// Elsewhere the system ends the program.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals)
    }

    fn wait(self) {
        loop {
            std::thread::park();
        }
    }
}

/// Warnings of the viewer.
struct ToStderr;

impl log::Log for ToStderr {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            // What a sender wrote may control a terminal.
            let text = record.args().to_string();
            let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
            let _ = writeln!(io::stderr(), "opentracing-viewer: {text}");
        }
    }

    fn flush(&self) {}
}

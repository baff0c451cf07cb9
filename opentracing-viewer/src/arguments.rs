//! The arguments of the program.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use lexopt::{Arg, Parser, ValueExt};
use opentracing_viewer::Store;

/// What the program is asked to do.
pub(crate) enum Parsed {
    Run(Box<Arguments>),
    Print(String),
}

/// The arguments.
pub(crate) struct Arguments {
    pub(crate) listen: Option<IpAddr>,
    pub(crate) http_port: Option<u16>,
    pub(crate) grpc_port: Option<u16>,
    pub(crate) zipkin_port: Option<u16>,
    pub(crate) jaeger_port: Option<u16>,
    pub(crate) max_bytes: usize,
    pub(crate) store: Option<PathBuf>,
    pub(crate) token: Option<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
}

pub(crate) const USAGE: &str = "\
usage: opentracing-viewer [options]

  --listen IP          address to listen at (127.0.0.1 and ::1); others than loopback need --token
  --http-port PORT     the page, and OTLP over HTTP at /v1/traces (4318)
  --grpc-port PORT     OTLP over gRPC (4317)
  --zipkin-port PORT   Zipkin at /api/v2/spans (9411)
  --jaeger-port PORT   Jaeger's Thrift at /api/traces (14268)
                       PORT is a number, 0 for any free one, or off (not for --http-port)
  --memory SIZE        bytes of spans to keep, such as 512M (256M); the oldest leave first
  --store FILE         keeps them in an SQLite file, too, across restarts
  --token TOKEN        what requests must know, at least 16 letters and digits, or `random`;
                       also from the variable OPENTRACING_VIEWER_TOKEN
  --allow-host NAME    further name of this host in requests, such as host.docker.internal
  --allow-origin URL   further origin whose pages may send spans, such as http://localhost:3000
  -h, --help           prints this
  -V, --version        prints the version

The viewer is for one machine. For more, send to an OpenTelemetry Collector that exports to Jaeger, Grafana Tempo or Zipkin. A Collector on
your machine can send here as well:

  exporters:
    otlphttp/viewer: { endpoint: http://127.0.0.1:4318 }";

/// Reads the arguments. The error says what is wrong, for people.
pub(crate) fn parse(mut parser: Parser) -> Result<Parsed, lexopt::Error> {
    let mut arguments = Arguments {
        listen: None,
        http_port: Some(4318),
        grpc_port: Some(4317),
        zipkin_port: Some(9411),
        jaeger_port: Some(14268),
        max_bytes: Store::DEFAULT_MAX_BYTES,
        store: None,
        token: std::env::var("OPENTRACING_VIEWER_TOKEN").ok().filter(|token| !token.is_empty()),
        hosts: Vec::new(),
        origins: Vec::new(),
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("listen") => arguments.listen = Some(parser.value()?.parse_with(ip)?),
            Arg::Long("http-port") => arguments.http_port = Some(parser.value()?.parse()?),
            Arg::Long("grpc-port") => arguments.grpc_port = parser.value()?.parse_with(port)?,
            Arg::Long("zipkin-port") => arguments.zipkin_port = parser.value()?.parse_with(port)?,
            Arg::Long("jaeger-port") => arguments.jaeger_port = parser.value()?.parse_with(port)?,
            Arg::Long("memory") => arguments.max_bytes = parser.value()?.parse_with(size)?,
            Arg::Long("store") => arguments.store = Some(parser.value()?.into()),
            Arg::Long("token") => arguments.token = Some(parser.value()?.string()?),
            Arg::Long("allow-host") => arguments.hosts.push(parser.value()?.string()?),
            Arg::Long("allow-origin") => arguments.origins.push(parser.value()?.string()?),
            Arg::Short('h') | Arg::Long("help") => return Ok(Parsed::Print(USAGE.to_owned())),
            Arg::Short('V') | Arg::Long("version") => {
                return Ok(Parsed::Print(format!("opentracing-viewer {}", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Parsed::Run(Box::new(arguments)))
}

fn ip(text: &str) -> Result<IpAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().map_err(|_| format!("{text} is not an IP address, such as 0.0.0.0"))
}

fn port(text: &str) -> Result<Option<u16>, <u16 as FromStr>::Err> {
    if text == "off" { Ok(None) } else { text.parse().map(Some) }
}

fn size(text: &str) -> Result<usize, String> {
    const UNITS: [(char, u32); 3] = [('K', 10), ('M', 20), ('G', 30)];
    let upper = text.to_ascii_uppercase();
    let bare = upper.trim_end_matches('B').trim_end_matches('I');
    let unit = UNITS.iter().find_map(|(unit, shift)| Some((bare.strip_suffix(*unit)?, *shift)));
    let (digits, shift) = unit.unwrap_or((bare, 0));
    let least = Store::MIN_MAX_BYTES;
    match digits.parse::<usize>().ok().and_then(|number| number.checked_mul(1 << shift)) {
        Some(bytes) if bytes >= least => Ok(bytes),
        Some(_) => Err(format!("at least {} MiB are needed", least >> 20)),
        None => Err(format!("{text} is not a size, such as 512M")),
    }
}

//! The command line.

use std::net::SocketAddr;

use examples::{Environment, Report};
use lexopt::prelude::*;
use opentracing_core::TraceIdWidth;
use opentracing_core::propagation::Composite;

pub(crate) const HELP: &str = "\
A traced service that forwards requests, to test traces through services with different tracers.

Usage: relay [options]

  --listen ADDRESS       address to listen on (default 127.0.0.1:5000)
  --propagators LIST     formats to read and write, in order (default: OTEL_PROPAGATORS, else instana,tracecontext,b3,baggage)
  --trace-id-bits N      width of new trace ids: 64 or 128 (default 128)
  --report DESTINATIONS  where to send spans, see below (default console)
  --help                 prints this help

POST /any/path with [{\"url\": \"…\", \"arguments\": […]}, …] posts the arguments to each url, and responds when all calls are done.
GET /call?next=<url>&status=<n> calls next, and responds with the status, the received headers and the response of next.
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) propagators: Composite,
    pub(crate) trace_id_width: TraceIdWidth,
    pub(crate) report: Report,
}

impl Options {
    /// Reads the command line; `None` if the user asks for help.
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let mut options = Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 5000)),
            propagators: Composite::from_env(),
            trace_id_width: TraceIdWidth::default(),
            report: Report::default(),
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("listen") => options.listen = arguments.value()?.parse()?,
                Long("propagators") => options.propagators = arguments.value()?.parse()?,
                Long("trace-id-bits") => options.trace_id_width = arguments.value()?.parse_with(width)?,
                Long("report") => {
                    let list = arguments.value()?.string()?;
                    let added = options.report.add(&list, &Environment::of_process());
                    added.map_err(|error| lexopt::Error::Custom(error.into()))?;
                }
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

fn width(bits: &str) -> Result<TraceIdWidth, &'static str> {
    match bits {
        "64" => Ok(TraceIdWidth::Bits64),
        "128" => Ok(TraceIdWidth::Bits128),
        _ => Err("a trace id has 64 or 128 bits"),
    }
}

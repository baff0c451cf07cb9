//! The command line.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;

use examples::{Environment, Report};
use lexopt::prelude::*;
use reqwest::Url;

use crate::servers::Servers;

pub(crate) const HELP: &str = "\
AcmeShop: services on loopback ports, and customers whose requests become traces.

Usage: acme-shop [options]

  --requests N           number of requests that the customers send (default 14)
  --serve                keeps the shop running afterwards for a browser or curl, until Ctrl-C
  --view                 shows the traces on a page, and keeps it until Ctrl-C or the end of standard input
  --port PORT            port of the front-end (default: any free port)
  --tail                 each service keeps its traces that failed or were slow, and a tenth of the others
  --metrics-port PORT    serves the figures of all services at /metrics on this port, for Prometheus; 0 for any free port
  --host ADDRESS         IP address of front-end and /metrics (default 127.0.0.1)
  --back-end CART_URL    starts only catalog, order and payment, for a shop whose front-end, user and cart are elsewhere; implies
                         --requests 0 --serve
  --database URL         database of catalog and orders: sqlite:…, postgres://… or mysql://…
  --report DESTINATIONS  where to send spans, see below (default console)
  --help                 prints this help

Without --database the catalog uses POSTGRES_URL and the orders use MYSQL_URL. If only one is set, both use it; if none is set, both
use SQLite in memory. With AMQP_URL the order service publishes to the shipping service through RabbitMQ; without it there is no
shipping. Orders are published to Kafka at KAFKA_BROKERS, by default to the mock cluster inside the client.
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) requests: usize,
    pub(crate) serve: bool,
    pub(crate) view: bool,
    pub(crate) port: Option<NonZeroU16>,
    /// Decides at the end of traces whether they are kept.
    pub(crate) tail: bool,
    /// `None` for no page of metrics.
    pub(crate) metrics_port: Option<u16>,
    pub(crate) host: IpAddr,
    /// The address of the cart, if only the back end is started.
    pub(crate) back_end: Option<Url>,
    pub(crate) servers: Servers,
    pub(crate) report: Report,
}

impl Options {
    /// Reads the command line; `None` if the user asks for help.
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let mut options = Options {
            requests: 14,
            serve: false,
            view: false,
            port: None,
            tail: false,
            metrics_port: None,
            host: Ipv4Addr::LOCALHOST.into(),
            back_end: None,
            servers: Servers::default(),
            report: Report::default(),
        };
        let mut database = None;
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("requests") => options.requests = arguments.value()?.parse()?,
                Long("serve") => options.serve = true,
                Long("view") => options.view = true,
                Long("port") => options.port = Some(arguments.value()?.parse()?),
                Long("tail") => options.tail = true,
                Long("metrics-port") => options.metrics_port = Some(arguments.value()?.parse()?),
                Long("host") => options.host = arguments.value()?.parse()?,
                Long("back-end") => options.back_end = Some(arguments.value()?.parse()?),
                Long("database") => database = Some(arguments.value()?.parse()?),
                Long("report") => {
                    let list = arguments.value()?.string()?;
                    let added = options.report.add(&list, &Environment::of_process());
                    added.map_err(|error| lexopt::Error::Custom(error.into()))?;
                }
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        options.serve |= options.back_end.is_some();
        options.servers = Servers::from_env(database).map_err(|error| lexopt::Error::Custom(error.into()))?;
        Ok(Some(options))
    }
}

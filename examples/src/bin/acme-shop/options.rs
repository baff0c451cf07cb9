//! The command line.

use std::num::NonZeroU16;

use examples::{Environment, Report};
use lexopt::prelude::*;

use crate::servers::Servers;

pub(crate) const HELP: &str = "\
AcmeShop: services on loopback ports, and customers whose requests become traces.

Usage: acme-shop [options]

  --requests N     how many requests the customers send (default 14)
  --serve          then keeps the shop open for a browser or curl, until Ctrl-C
  --port PORT      where the front-end listens (default: any free port)
  --database URL   where catalog and orders are: sqlite:…, postgres://… or mysql://…
  --report PLACES  where spans go, see below (default console)
  --help           shows this

Without --database the catalog is where POSTGRES_URL says and the orders are where MYSQL_URL says, or both where the one that is set
does, else in memory. The order service tells shipping over the RabbitMQ that AMQP_URL names, else nobody;
and payment over the Kafka that KAFKA_BROKERS names, else over a cluster within the client.
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) requests: usize,
    pub(crate) serve: bool,
    pub(crate) port: Option<NonZeroU16>,
    pub(crate) servers: Servers,
    pub(crate) report: Report,
}

impl Options {
    /// Reads the command line; `None` if the user asks for help.
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let mut options =
            Options { requests: 14, serve: false, port: None, servers: Servers::default(), report: Report::default() };
        let mut database = None;
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("requests") => options.requests = arguments.value()?.parse()?,
                Long("serve") => options.serve = true,
                Long("port") => options.port = Some(arguments.value()?.parse()?),
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
        options.servers = Servers::of_environment(database).map_err(|error| lexopt::Error::Custom(error.into()))?;
        Ok(Some(options))
    }
}

//! The command line.

use std::num::NonZeroU16;

use examples::{Environment, Report};
use lexopt::prelude::*;

use crate::database::DatabaseUrl;

pub(crate) const HELP: &str = "\
AcmeShop: six services on loopback ports, and customers whose requests become traces.

Usage: acme-shop [options]

  --requests N     how many requests the customers send (default 14)
  --serve          then keeps the shop open for a browser or curl, until Ctrl-C
  --port PORT      where the front-end listens (default: any free port)
  --database URL   where catalog and orders are: sqlite:…, postgres://… or mysql://… (default: SQLite, in memory)
  --report PLACES  where spans go, see below (default console)
  --help           shows this
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) requests: usize,
    pub(crate) serve: bool,
    pub(crate) port: Option<NonZeroU16>,
    pub(crate) database: DatabaseUrl,
    pub(crate) report: Report,
}

impl Options {
    /// Reads the command line; `None` if the user asks for help.
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let mut options = Options {
            requests: 14,
            serve: false,
            port: None,
            database: DatabaseUrl::default(),
            report: Report::default(),
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("requests") => options.requests = arguments.value()?.parse()?,
                Long("serve") => options.serve = true,
                Long("port") => options.port = Some(arguments.value()?.parse()?),
                Long("database") => options.database = arguments.value()?.parse()?,
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

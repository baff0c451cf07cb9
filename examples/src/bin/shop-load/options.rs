//! The command line.

use std::time::Duration;

use lexopt::prelude::*;

pub(crate) const HELP: &str = "\
Load for AcmeShop: pages, uploads, event streams, and customers that disconnect. Starts a shop that reports its spans to this program.
Fails if a request does not have exactly one entry span, if a span is lost, or if the shop's memory or number of file descriptors
grows.

Usage: shop-load [options]

  --requests N     number of requests (default 1000)
  --seconds N      duration, instead of a number of requests
  --workers N      number of concurrent customers (default 8)
  --help           prints this help
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) amount: Amount,
    pub(crate) workers: usize,
}

/// How much load to send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Amount {
    Requests(u64),
    Time(Duration),
}

impl Options {
    /// Reads the command line; `None` if the user asks for help.
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let mut options = Options { amount: Amount::Requests(1000), workers: 8 };
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("requests") => options.amount = Amount::Requests(arguments.value()?.parse()?),
                Long("seconds") => options.amount = Amount::Time(Duration::from_secs(arguments.value()?.parse()?)),
                Long("workers") => options.workers = arguments.value()?.parse()?,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

impl Amount {
    /// The amount before the measurement: a quarter of the requests, or a tenth of the time.
    pub(crate) fn warm_up(self) -> Amount {
        match self {
            Amount::Requests(requests) => Amount::Requests(requests / 4),
            Amount::Time(time) => Amount::Time(time / 10),
        }
    }
}

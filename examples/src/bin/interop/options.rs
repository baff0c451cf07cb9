//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const HELP: &str = "\
Runs requests through chains of the relay and services with other tracers. `scripts/interop` installs those and runs this program.

Usage: interop --relay FILE --installed FOLDER [options]

  --relay FILE        the relay
  --installed FOLDER  the installed peers: FOLDER/PEER/run starts a service with the format in its argument
  --peers FOLDER      the folder of peers.txt and faults.txt (default examples/interop)
  --only PATTERN      only rows whose peer and format contain PATTERN, such as \"jaeger\" or \"node-opentelemetry b3\"
  --help              prints this help
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) relay: PathBuf,
    pub(crate) installed: PathBuf,
    pub(crate) peers: PathBuf,
    pub(crate) only: String,
}

impl Options {
    /// Reads the command line; `None` if the user asks for help.
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let (mut relay, mut installed, mut only) = (None, None, String::new());
        let mut peers = PathBuf::from("examples/interop");
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("relay") => relay = Some(arguments.value()?.into()),
                Long("installed") => installed = Some(arguments.value()?.into()),
                Long("peers") => peers = arguments.value()?.into(),
                Long("only") => only = arguments.value()?.string()?,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        let relay = relay.ok_or("--relay is missing")?;
        let installed = installed.ok_or("--installed is missing")?;
        Ok(Some(Options { relay, installed, peers, only }))
    }
}

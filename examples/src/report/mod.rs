//! The option `--report`: where a program sends its spans.

mod deliveries;
mod destination;
mod discard;
mod environment;
mod invalid;

use std::time::Duration;

use opentracing_core::Stats;
use opentracing_reporter::{BatchReporter, CheckResult, Console, ConsoleLogs, InvalidEndpoint};

pub use self::deliveries::Deliveries;
use self::destination::Destination;
use self::discard::Discard;
pub use self::environment::Environment;
pub use self::invalid::InvalidReport;

/// The destinations of a program's spans, from its options `--report`: the terminal, one backend, or several.
#[derive(Clone, Debug)]
pub struct Report {
    /// `None` if the option is not given.
    destinations: Option<Vec<Destination>>,
    console: Console,
}

/// The part of a program's help about this option.
pub const REPORT_HELP: &str = "\
Destinations for --report, separated by commas or in several options. Append =ADDRESS to replace the default address shown here:

  console       the terminal, each trace as a tree
  otlp          OpenTelemetry Collector, Jaeger and others: http://127.0.0.1:4318, or grpc://127.0.0.1:4317 for gRPC
                (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL; OTLP_URL)
  zipkin        http://127.0.0.1:9411 (OTEL_EXPORTER_ZIPKIN_ENDPOINT; ZIPKIN_URL)
  jaeger        http://127.0.0.1:14268, or udp://127.0.0.1:6831 for an agent
                (JAEGER_ENDPOINT, JAEGER_AGENT_HOST, JAEGER_AGENT_PORT; JAEGER_URL)
  instana       the agent at http://127.0.0.1:42699 (INSTANA_AGENT_HOST, INSTANA_AGENT_PORT), or no agent
                (INSTANA_ENDPOINT_URL with INSTANA_AGENT_KEY)
  none          discards all spans

The address comes from the option, else from the first variable in parentheses that is set, else it is the default.
An unreachable destination does not affect the others. The last lines of the output list the spans sent and lost per destination.
";

impl Report {
    /// Adds the destinations of a list such as `console,zipkin=http://127.0.0.1:9411`. Duplicates count once. Without a call, spans go to
    /// the terminal.
    ///
    /// # Errors
    ///
    /// If a destination does not exist, if its address or a variable is invalid, or if `none` is combined with others.
    pub fn add(&mut self, list: &str, environment: &Environment<'_>) -> Result<(), InvalidReport> {
        for item in list.split(',') {
            let (name, address) = match item.trim().split_once('=') {
                Some((name, address)) => (name.trim_end(), Some(address.trim_start())),
                None => (item.trim(), None),
            };
            let is_first = self.destinations.is_none();
            let destinations = self.destinations.get_or_insert_default();
            if name == "none" && address.is_none() {
                if !is_first {
                    return Err(InvalidReport::NotAlone);
                }
                continue;
            }
            if !is_first && destinations.is_empty() {
                return Err(InvalidReport::NotAlone);
            }
            let destination = Destination::read(name, address, environment)?;
            if destinations.iter().any(|other| other.to_string() == destination.to_string()) {
                continue;
            }
            // First, so that it does not wait for an unreachable backend.
            let at = if matches!(destination, Destination::Console) { 0 } else { destinations.len() };
            destinations.insert(at, destination);
        }
        Ok(())
    }

    /// Adds a destination to those that the options name, or to the terminal if they name none.
    ///
    /// # Errors
    ///
    /// Like [`add`](Report::add).
    pub fn add_beside(&mut self, name: &str, address: &str) -> Result<(), InvalidReport> {
        let mut destinations = self.destinations().to_vec();
        destinations.push(Destination::read(name, Some(address), &Environment::new(&|_| None))?);
        self.destinations = Some(destinations);
        Ok(())
    }

    /// Makes a reporter for one tracer. The console merges the spans of all these reporters into the same trees.
    ///
    /// # Errors
    ///
    /// If a transport cannot be built. [`add`](Report::add) has already checked the addresses.
    pub fn reporter(&self) -> Result<BatchReporter, InvalidEndpoint> {
        let mut reporter: Option<BatchReporter> = None;
        for destination in self.destinations() {
            let transport = destination.transport(&self.console)?;
            reporter = Some(match reporter {
                Some(reporter) => reporter.transport(transport),
                None => BatchReporter::new(transport),
            });
        }
        Ok(reporter.unwrap_or_else(|| BatchReporter::new(Discard)))
    }

    /// Checks the connections to the backends, all at once. Returns a line for each; the terminal has none. Blocks for up to `timeout`.
    ///
    /// # Errors
    ///
    /// Like [`reporter`](Report::reporter).
    pub fn check(&self, timeout: Duration) -> Result<Vec<CheckResult>, InvalidEndpoint> {
        let results = self.reporter()?.check(timeout).into_iter();
        let is_local = |result: &CheckResult| matches!(result.transport(), "console" | "discard");
        Ok(results.filter(|result| !is_local(result)).collect())
    }

    /// Whether traces are printed to the terminal.
    pub fn has_console(&self) -> bool {
        self.destinations().iter().any(|destination| matches!(destination, Destination::Console))
    }

    /// How many spans of these tracers each destination received and lost.
    pub fn deliveries(&self, tracers: &[Stats]) -> Deliveries {
        let transports = |index| tracers.iter().filter_map(move |stats| stats.transports.get(index));
        let destinations = self.destinations().iter().enumerate();
        Deliveries::new(destinations.map(|(index, destination)| (destination.to_string(), transports(index))))
    }

    fn destinations(&self) -> &[Destination] {
        self.destinations.as_deref().unwrap_or(DEFAULT)
    }
}

const DEFAULT: &[Destination] = &[Destination::Console];

impl Default for Report {
    fn default() -> Self {
        Report { destinations: None, console: Console::stdout().logs(ConsoleLogs::All) }
    }
}

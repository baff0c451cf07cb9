//! Where spans go.

mod environment;
mod invalid;
mod ledger;
mod nowhere;
mod place;

use opentracing_core::Stats;
use opentracing_reporter::{BatchReporter, Console, InvalidEndpoint};

pub use self::environment::Environment;
pub use self::invalid::InvalidReport;
pub use self::ledger::Ledger;
use self::nowhere::Nowhere;
use self::place::Place;

/// Where the spans of a program go, as its options `--report` say: to the terminal, to one backend or to several at once.
#[derive(Clone, Debug)]
pub struct Report {
    /// `None` as long as nobody has said anything.
    places: Option<Vec<Place>>,
    console: Console,
}

/// What a program's help says of the option.
pub const REPORT_HELP: &str = "\
Places for --report, several with commas between them or in several options; =ADDRESS where it is not the one that is shown:

  console       the terminal, each trace as a tree
  otlp          OpenTelemetry Collector, Jaeger and others: http://127.0.0.1:4318, or by gRPC grpc://127.0.0.1:4317
                (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL; OTLP_URL)
  zipkin        http://127.0.0.1:9411 (OTEL_EXPORTER_ZIPKIN_ENDPOINT; ZIPKIN_URL)
  jaeger        http://127.0.0.1:14268, or an agent: udp://127.0.0.1:6831
                (JAEGER_ENDPOINT, JAEGER_AGENT_HOST, JAEGER_AGENT_PORT; JAEGER_URL)
  instana       the agent at http://127.0.0.1:42699 (INSTANA_AGENT_HOST, INSTANA_AGENT_PORT), or without one
                (INSTANA_ENDPOINT_URL with INSTANA_AGENT_KEY)
  none          nowhere

An address of the option goes before the variables in brackets, of which the first that is set counts.
A place that cannot be reached takes nothing from the others; the last lines tell what each of them did.
";

impl Report {
    /// Adds the places of a list such as `console,zipkin=http://127.0.0.1:9411`; until then spans go to the terminal. A place that is
    /// named again counts once.
    ///
    /// # Errors
    ///
    /// If there is no such place, if its address or what the environment says of it cannot be used, or if `none` stands beside others.
    pub fn add(&mut self, list: &str, environment: &Environment<'_>) -> Result<(), InvalidReport> {
        for item in list.split(',') {
            let (name, address) = match item.trim().split_once('=') {
                Some((name, address)) => (name.trim_end(), Some(address.trim_start())),
                None => (item.trim(), None),
            };
            let is_first = self.places.is_none();
            let places = self.places.get_or_insert_default();
            if name == "none" && address.is_none() {
                if !is_first {
                    return Err(InvalidReport::NotAlone);
                }
                continue;
            }
            if !is_first && places.is_empty() {
                return Err(InvalidReport::NotAlone);
            }
            let place = Place::read(name, address, environment)?;
            if places.iter().any(|other| other.to_string() == place.to_string()) {
                continue;
            }
            // What is drawn must not wait for a backend that cannot be reached.
            let at = if matches!(place, Place::Console) { 0 } else { places.len() };
            places.insert(at, place);
        }
        Ok(())
    }

    /// A reporter that brings spans there. Ask for one for each tracer: the console draws the spans of all of them into the same trees.
    ///
    /// # Errors
    ///
    /// None of places that [`add`](Report::add) took.
    pub fn reporter(&self) -> Result<BatchReporter, InvalidEndpoint> {
        let mut reporter: Option<BatchReporter> = None;
        for place in self.places() {
            let transport = place.transport(&self.console)?;
            reporter = Some(match reporter {
                Some(reporter) => reporter.transport(transport),
                None => BatchReporter::new(transport),
            });
        }
        Ok(reporter.unwrap_or_else(|| BatchReporter::new(Nowhere)))
    }

    /// Whether traces are drawn in the terminal.
    pub fn draws(&self) -> bool {
        self.places().iter().any(|place| matches!(place, Place::Console))
    }

    /// What each place got and did not get of the spans of tracers with that report.
    pub fn ledger(&self, tracers: &[Stats]) -> Ledger {
        let transports = |index| tracers.iter().filter_map(move |stats| stats.transports.get(index));
        Ledger::new(self.places().iter().enumerate().map(|(index, place)| (place.to_string(), transports(index))))
    }

    fn places(&self) -> &[Place] {
        self.places.as_deref().unwrap_or(UNLESS_TOLD)
    }
}

/// Where spans go as long as nobody has said anything.
const UNLESS_TOLD: &[Place] = &[Place::Console];

impl Default for Report {
    fn default() -> Self {
        Report { places: None, console: Console::stdout() }
    }
}

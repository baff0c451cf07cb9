//! Spans and events of `tracing`, recorded by a layer.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};
use opentracing_core::Tracer;
use opentracing_tracing::TracerLayer;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{Registry, registry};

use crate::adapter::{text, tracer};
use crate::callgrind;
use crate::child;
use crate::library::OpenTelemetrySink;
use crate::measure::{Allocations, print};
use crate::peers::{Programs, progress};
use crate::subject::{Received, number};

/// Operations in a burst. Few enough for every queue.
const BURST: u32 = 100;
/// Events in the span of [`BridgeCase::Events`], and polls more than one in that of [`BridgeCase::Polls`].
const REPEATED: u32 = 20;
const WARM_UP: u32 = 6;
const FLUSH: Duration = Duration::from_secs(60);

/// What the code under measurement does with `tracing`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BridgeCase {
    /// A span that is entered once.
    Span,
    /// The same with two fields.
    Fields,
    /// The same as `Span` with 20 events of one field and a message.
    Events,
    /// The same as `Span`, entered 20 times more.
    Polls,
}

impl BridgeCase {
    /// All cases.
    pub const ALL: [BridgeCase; 4] = [BridgeCase::Span, BridgeCase::Fields, BridgeCase::Events, BridgeCase::Polls];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            BridgeCase::Span => "span",
            BridgeCase::Fields => "fields",
            BridgeCase::Events => "events",
            BridgeCase::Polls => "polls",
        }
    }

    fn once(self) {
        match self {
            BridgeCase::Span => tracing::info_span!("request").in_scope(|| black_box(())),
            BridgeCase::Fields => {
                tracing::info_span!("request", rows = number(3), table = "users").in_scope(|| black_box(()));
            }
            BridgeCase::Events => tracing::info_span!("request").in_scope(|| {
                for _ in 0..REPEATED {
                    tracing::warn!(rows = number(3), "slow");
                }
            }),
            BridgeCase::Polls => {
                let span = tracing::info_span!("request");
                for _ in 0..=REPEATED {
                    span.in_scope(|| black_box(()));
                }
            }
        }
    }
}

/// A subscriber with one layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bridge {
    /// A layer that does nothing: the cost of the registry.
    Empty,
    /// `opentracing-tracing` with its defaults.
    OpenTracing,
    /// `tracing-opentelemetry` with its defaults, over the SDK with its batch span processor.
    OpenTelemetry,
}

impl Bridge {
    /// All bridges, in the order of the table.
    pub const ALL: [Bridge; 3] = [Bridge::Empty, Bridge::OpenTracing, Bridge::OpenTelemetry];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Bridge::Empty => "empty",
            Bridge::OpenTracing => "opentracing",
            Bridge::OpenTelemetry => "opentelemetry",
        }
    }

    /// Installs the subscriber for the process, as programs do, and returns how to flush.
    fn install(self, received: &Received) -> Result<Box<dyn Fn()>, String> {
        match self {
            Bridge::Empty => {
                set_default(Empty)?;
                Ok(Box::new(|| {}))
            }
            Bridge::OpenTracing => {
                let tracer = tracer(Tracer::builder("bench"), received);
                set_default(TracerLayer::with_tracer(tracer.clone()))?;
                Ok(Box::new(move || tracer.flush(FLUSH).expect("the sink never blocks")))
            }
            Bridge::OpenTelemetry => {
                let processor = BatchSpanProcessor::builder(OpenTelemetrySink::new(received)).build();
                let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
                set_default(tracing_opentelemetry::layer().with_tracer(provider.tracer("bench")))?;
                Ok(Box::new(move || provider.force_flush().expect("the sink never blocks")))
            }
        }
    }
}

struct Empty;

impl Layer<Registry> for Empty {}

fn set_default(layer: impl Layer<Registry> + Send + Sync) -> Result<(), String> {
    tracing::subscriber::set_global_default(registry().with(layer)).map_err(text)
}

impl FromStr for BridgeCase {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        BridgeCase::ALL.into_iter().find(|case| case.name() == name).ok_or_else(|| format!("unknown case {name}"))
    }
}

impl FromStr for Bridge {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Bridge::ALL.into_iter().find(|bridge| bridge.name() == name).ok_or_else(|| format!("unknown bridge {name}"))
    }
}

/// Runs bursts in the measuring process.
pub(crate) fn run(case: &str, bridge: &str, bursts: u32, counter: Option<Allocations>) -> Result<(), String> {
    let (case, bridge): (BridgeCase, Bridge) = (case.parse()?, bridge.parse()?);
    let received = Received::default();
    let flush = bridge.install(&received)?;
    for _ in 0..WARM_UP {
        (0..BURST).for_each(|_| case.once());
        flush();
    }
    let mut allocations = 0;
    for _ in 0..bursts {
        let before = counter.map_or(0, |count| count());
        bridged_burst(case);
        allocations += counter.map_or(0, |count| count()) - before;
        flush();
    }
    let expected = if bridge == Bridge::Empty { 0 } else { u64::from((WARM_UP + bursts) * BURST) };
    if received.count() != expected {
        return Err(format!("received {} of {expected} spans", received.count()));
    }
    print("allocations", allocations as f64 / f64::from(bursts.max(1) * BURST))?;
    print("spans", received.count())
}

/// Callgrind counts inside this function.
#[inline(never)]
fn bridged_burst(case: BridgeCase) {
    for _ in 0..BURST {
        case.once();
    }
    black_box(());
}

/// Per span, event or poll.
#[derive(Clone, Copy, Default)]
struct Cost {
    instructions: f64,
    allocations: f64,
}

/// Counts instructions and allocations of the thread that uses `tracing`, and prints a table. Does nothing with `--case`, which selects cases
/// of another bench, or without valgrind.
///
/// # Errors
///
/// If spans are missing, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, programs: &Programs) -> Result<(), String> {
    let arguments: Vec<String> = arguments.collect();
    if arguments.iter().any(|argument| argument == "--case" || argument == "--no-instructions") {
        return Ok(());
    }
    if !callgrind::is_installed() {
        return progress(format_args!("layers for tracing are not measured, since valgrind is missing"));
    }
    let bursts = if arguments.iter().any(|argument| argument == "--quick") { 2 } else { 20 };
    let mut table = String::from(
        "| `tracing` | registry alone | opentracing-tracing | tracing-opentelemetry | ratio | allocations |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    let mut spans = [Cost::default(); 3];
    for case in BridgeCase::ALL {
        let mut costs = [Cost::default(); 3];
        for (cost, bridge) in costs.iter_mut().zip(Bridge::ALL) {
            progress(format_args!("instructions and allocations, {} of {}", case.name(), bridge.name()))?;
            *cost = measure(programs, case, bridge, bursts)?;
        }
        let name = match case {
            BridgeCase::Span => {
                spans = costs;
                "span"
            }
            BridgeCase::Fields => "span with 2 fields",
            BridgeCase::Events => "event",
            BridgeCase::Polls => "poll: one more enter and exit",
        };
        if matches!(case, BridgeCase::Events | BridgeCase::Polls) {
            for (cost, span) in costs.iter_mut().zip(spans) {
                cost.instructions = (cost.instructions - span.instructions) / f64::from(REPEATED);
                cost.allocations = (cost.allocations - span.allocations) / f64::from(REPEATED);
            }
        }
        let [empty, ours, peer] = costs;
        let _ = writeln!(
            table,
            "| {name} | {:.0} | {:.0} | {:.0} | **{:.2}** | {:.2} / {:.2} / {:.2} |",
            empty.instructions,
            ours.instructions,
            peer.instructions,
            ours.instructions / peer.instructions,
            empty.allocations,
            ours.allocations,
            peer.allocations
        );
    }
    std::io::stdout().write_all(table.as_bytes()).map_err(text)
}

fn measure(programs: &Programs, case: BridgeCase, bridge: Bridge, bursts: u32) -> Result<Cost, String> {
    let bursts_text = bursts.to_string();
    let arguments = ["bridge", case.name(), bridge.name(), &bursts_text];
    let counted = callgrind::count_inside(&programs.measure, "bridged_burst", &arguments)?;
    if counted == 0 {
        return Err(format!("callgrind counted nothing for {} of {}", case.name(), bridge.name()));
    }
    let figures = child::run(&programs.measure_allocations, &arguments)?;
    Ok(Cost { instructions: counted as f64 / f64::from(bursts * BURST), allocations: figures.named("allocations")? })
}

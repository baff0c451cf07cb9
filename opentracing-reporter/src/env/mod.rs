//! Configuration from the environment.
//!
//! One file for each thing that is configured: it reads its variables and gives what they mean. What makes no sense becomes a warning
//! that names the variable and what is used instead.

mod address;
mod instana;
mod jaeger;
mod limits;
mod otlp;
mod process;
mod propagation;
mod remote_sampling;
mod sampling;
#[cfg(feature = "tls")]
mod tls;
mod transports;
mod variables;
mod zipkin;

use std::fmt;
use std::io;
use std::time::Instant;

use opentracing_core::propagation::Composite;
use opentracing_core::{FinishedSpan, Limits, Secrets, TraceIdWidth, Tracer, TracerBuilder};

use self::limits::QueueSettings;
use self::process::ProcessSettings;
use self::sampling::SamplerSettings;
pub use self::variables::EnvWarning;
use self::variables::Variables;
use crate::reporter::BatchReporter;
use crate::reporter::FlushGuard;
use crate::transport::{Outcome, Reason, Transport};

/// A tracer and its reporter as the environment describes them: `OTEL_*`, `INSTANA_*`, `JAEGER_*`, `DD_*`.
///
/// Of several variables for one thing, OpenTelemetry's goes before Instana's and that before Jaeger's; what the program sets goes before
/// all. A value that makes no sense is a [warning](FromEnv::warnings) and never an error. The page of the crate has the variables.
///
/// ```no_run
/// let (tracer, _guard) = opentracing_reporter::from_env().start()?;
/// # drop(tracer);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "nothing is reported until it is started"]
pub struct FromEnv {
    disabled: bool,
    process: ProcessSettings,
    sampler: SamplerSettings,
    formats: Composite,
    secrets: Option<Secrets>,
    width: TraceIdWidth,
    limits: Limits,
    queue: QueueSettings,
    transports: Vec<Box<dyn Transport>>,
    /// The program has named transports itself.
    own_transports: bool,
    warnings: Vec<EnvWarning>,
    change_tracer: Vec<Change<TracerBuilder>>,
    change_reporter: Vec<Change<BatchReporter>>,
}

type Change<T> = Box<dyn FnOnce(T) -> T>;

/// Reads the environment of the process.
pub fn from_env() -> FromEnv {
    FromEnv::new(&|name| std::env::var(name).ok())
}

impl FromEnv {
    /// Reads variables by asking that function, so that tests and configuration files can stand in for the environment.
    ///
    /// ```
    /// use opentracing_reporter::FromEnv;
    ///
    /// let read = FromEnv::new(&|name| (name == "OTEL_BSP_SCHEDULE_DELAY").then(|| "soon".to_owned()));
    /// assert_eq!(
    ///     read.warnings()[0].to_string(),
    ///     "OTEL_BSP_SCHEDULE_DELAY is \"soon\", which is no number of milliseconds: the default is used",
    /// );
    /// ```
    pub fn new(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut variables = Variables::new(lookup);
        let variables = &mut variables;
        let disabled = ["OTEL_SDK_DISABLED", "INSTANA_TRACING_DISABLE", "JAEGER_DISABLED"];
        let disabled = disabled.iter().any(|name| match *name {
            // Of Instana's, a list of technologies disables no more than those.
            "INSTANA_TRACING_DISABLE" => variables.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true")),
            name => variables.flag(name),
        });
        let process = ProcessSettings::read(variables);
        FromEnv {
            disabled,
            sampler: SamplerSettings::read(variables),
            formats: propagation::formats(variables),
            secrets: secrets(variables),
            width: width(variables),
            limits: limits::span_limits(variables),
            queue: QueueSettings::read(variables),
            // A transport that is not going to be used need not be complained about.
            transports: if disabled { Vec::new() } else { transports::transports(variables) },
            own_transports: false,
            warnings: std::mem::take(&mut variables.warnings),
            process,
            change_tracer: Vec::new(),
            change_reporter: Vec::new(),
        }
    }

    /// The name of the service, whatever the environment says.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.process.service = name.into();
        self
    }

    /// Changes the tracer after the environment has been applied, so that the program has the last word.
    ///
    /// ```
    /// use opentracing_core::ProbabilisticSampler;
    ///
    /// let read = opentracing_reporter::from_env().tracer(|tracer| tracer.sampler(ProbabilisticSampler::new(0.1)));
    /// # drop(read);
    /// ```
    pub fn tracer(mut self, change: impl FnOnce(TracerBuilder) -> TracerBuilder + 'static) -> Self {
        self.change_tracer.push(Box::new(change));
        self
    }

    /// Changes the reporter after the environment has been applied.
    pub fn reporter(mut self, change: impl FnOnce(BatchReporter) -> BatchReporter + 'static) -> Self {
        self.change_reporter.push(Box::new(change));
        self
    }

    /// Sends by that transport, and by none that the environment names. Called again, by both.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        if !self.own_transports {
            self.transports.clear();
            self.own_transports = true;
        }
        self.transports.push(Box::new(transport));
        self
    }

    /// What was wrong with the variables, in the order in which they were read. [`start`](Self::start) writes them to `log`.
    pub fn warnings(&self) -> &[EnvWarning] {
        &self.warnings
    }

    /// Builds the tracer and starts the thread that reports its spans. If tracing is disabled, the tracer does nothing.
    ///
    /// # Errors
    ///
    /// If the operating system cannot start a thread.
    pub fn start(self) -> io::Result<(Tracer, FlushGuard)> {
        self.warnings.iter().for_each(|warning| log::warn!("{warning}"));
        if self.disabled {
            return Ok((Tracer::noop(), FlushGuard::new(Tracer::noop(), std::time::Duration::ZERO)));
        }
        let mut tracer = Tracer::builder(&self.process.service);
        let mut polling = None;
        match self.sampler {
            SamplerSettings::Ready(sampler) => tracer = tracer.sampler(sampler),
            SamplerSettings::Remote(settings) => {
                let (sampler, guard) = settings.start(&self.process.service)?;
                tracer = tracer.sampler(sampler);
                polling = Some(guard);
            }
        }
        tracer = tracer.composite(self.formats).trace_id_width(self.width).limits(self.limits);
        if let Some(secrets) = self.secrets {
            tracer = tracer.secrets(secrets);
        }
        for (key, value) in self.process.tags {
            tracer = tracer.tag(key, &*value);
        }
        let mut transports = self.transports.into_iter();
        let first = transports.next().unwrap_or_else(|| Box::new(Nowhere));
        let reporter = self.queue.apply(transports.fold(BatchReporter::new(first), BatchReporter::transport));
        let tracer = self.change_tracer.into_iter().fold(tracer, |tracer, change| change(tracer));
        let reporter = self.change_reporter.into_iter().fold(reporter, |reporter, change| change(reporter));
        let (tracer, guard) = reporter.start(tracer)?;
        Ok((tracer, guard.holding(polling)))
    }
}

impl fmt::Debug for FromEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromEnv")
            .field("disabled", &self.disabled)
            .field("process", &self.process)
            .field("transports", &self.transports.iter().map(|transport| transport.name()).collect::<Vec<_>>())
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

fn secrets(variables: &mut Variables<'_>) -> Option<Secrets> {
    variables.parsed("INSTANA_SECRETS", "matcher with a list of names", "the default is used")
}

/// Jaeger's clients make short ids unless told otherwise; here that has to be said.
fn width(variables: &mut Variables<'_>) -> TraceIdWidth {
    match variables.get("JAEGER_TRACEID_128BIT") {
        Some(_) if !variables.flag("JAEGER_TRACEID_128BIT") => TraceIdWidth::Bits64,
        _ => TraceIdWidth::default(),
    }
}

/// Takes spans and does nothing with them.
struct Nowhere;

impl Transport for Nowhere {
    fn name(&self) -> &'static str {
        "none"
    }

    fn add(&mut self, _: FinishedSpan<'_>) {}

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: Reason, _: Instant) -> Outcome {
        Outcome::none()
    }
}

//! Configuration from the environment.
//!
//! One file for each topic: it reads the variables and returns the settings. An invalid value becomes a warning that names the variable and
//! what is used instead.

mod address;
mod datadog;
mod file;
mod instana;
mod jaeger;
mod limits;
mod otlp;
mod process;
mod propagation;
mod proxy;
mod remote_sampling;
mod sampling;
mod spool;
mod tail_sampling;
mod tls;
mod transports;
mod unsupported;
mod variables;
mod zipkin;

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use opentracing_core::propagation::{Composite, KafkaHeaders};
use opentracing_core::{
    ConstSampler, Decision, FinishedSpan, Limits, OwnedValue, Process, Secrets, TraceIdWidth, Tracer, TracerBuilder,
};

use self::limits::QueueSettings;
use self::process::ProcessSettings;
use self::sampling::{IgnoringParent, SamplerSettings};
pub use self::variables::EnvWarning;
use self::variables::Variables;
use crate::reporter::BatchReporter;
use crate::reporter::{FlushGuard, OwnLimits};
use crate::tail_sampling::TailSettings;
use crate::transport::{CheckResult, SendOutcome, SendReason, Transport};

/// A tracer and its reporter, configured by the environment: `OTEL_*`, `INSTANA_*`, `JAEGER_*` and `DD_*`.
///
/// Settings made in code win over the environment. Of several variables for the same setting, OpenTelemetry's wins over Instana's,
/// Instana's over Jaeger's, and Jaeger's over Datadog's. An invalid value is a [warning](EnvConfig::warnings), never an error. The [crate page](crate) lists the
/// variables.
///
/// ```no_run
/// let (tracer, _guard) = opentracing_reporter::from_env().start()?;
/// # drop(tracer);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "does nothing until it is started"]
pub struct EnvConfig {
    disabled: bool,
    process: ProcessSettings,
    /// Tags of the process from the configuration file and from detectors.
    attributes: Vec<(String, OwnedValue)>,
    sampler: SamplerSettings,
    formats: Composite,
    /// The formats of messages, if they are not the same.
    message_formats: Option<Composite>,
    without_message_context: Vec<String>,
    secrets: Option<Secrets>,
    width: TraceIdWidth,
    limits: Limits,
    queue: QueueSettings,
    tail: Option<TailSettings>,
    transports: Vec<(Box<dyn Transport>, OwnLimits)>,
    /// Contexts are written to and read from the headers of Kafka messages.
    kafka: bool,
    /// The transports were set in code.
    own_transports: bool,
    warnings: Vec<EnvWarning>,
    #[cfg(feature = "config-file")]
    invalid_file: Option<crate::config::InvalidConfigFile>,
    change_tracer: Vec<Change<TracerBuilder>>,
    change_reporter: Vec<Change<BatchReporter>>,
}

type Change<T> = Box<dyn FnOnce(T) -> T>;

/// Reads the configuration from the environment of the process.
///
/// ```no_run
/// let (tracer, _guard) = opentracing_reporter::from_env().start()?;
/// tracer.span("checkout").start().finish();
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn from_env() -> EnvConfig {
    // Text that is not Unicode is read with replacement characters, so that a warning or a garbled name shows it.
    let lookup = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
    let names: Vec<_> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    EnvConfig::read(&lookup, &names)
}

impl EnvConfig {
    /// Reads the variables through a function, so that a test or a configuration file can replace the environment.
    ///
    /// ```
    /// use opentracing_reporter::EnvConfig;
    ///
    /// let variables = |name: &str| (name == "OTEL_BSP_SCHEDULE_DELAY").then(|| "soon".to_owned());
    /// let read = EnvConfig::new(&variables);
    /// assert_eq!(
    ///     read.warnings()[0].to_string(),
    ///     "OTEL_BSP_SCHEDULE_DELAY is \"soon\", not a number of milliseconds: using the default",
    /// );
    /// ```
    pub fn new(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        EnvConfig::read(lookup, &[])
    }

    /// Of some variables only the beginning of the name is known, so the names of all variables are needed to warn of them.
    fn read(lookup: &dyn Fn(&str) -> Option<String>, names: &[String]) -> Self {
        let mut variables = Variables::new(lookup);
        let variables = &mut variables;
        if let Some(from_file) = file::read(variables) {
            return from_file;
        }
        let disabled = is_disabled(variables);
        let process = ProcessSettings::read(variables);
        let (agent_sampler, has_rate) = datadog::sampler(variables);
        let transports = if disabled { Vec::new() } else { transports::transports(variables, &agent_sampler) };
        // Its own rate, or that of the agent if there is one.
        let is_sampled = has_rate || transports.iter().any(|transport| transport.name() == "datadog");
        let tail = tail_sampling::read(variables);
        // Without a sampler, tail sampling decides about all traces.
        let otherwise = if tail.is_some() { Decision::Record } else { Decision::RecordAndSample };
        EnvConfig {
            disabled,
            sampler: SamplerSettings::read(variables, is_sampled.then_some(agent_sampler), otherwise),
            tail,
            formats: propagation::formats(variables),
            message_formats: propagation::message_formats(variables),
            without_message_context: propagation::without_message_context(variables),
            secrets: secrets(variables),
            width: width(variables),
            limits: limits::span_limits(variables),
            queue: QueueSettings::read(variables),
            // Warnings about an unused transport would be noise.
            transports: transports.into_iter().map(|transport| (transport, OwnLimits::default())).collect(),
            kafka: variables.switch("INSTANA_KAFKA_TRACE_CORRELATION", true),
            warnings: {
                unsupported::warn(variables, names);
                std::mem::take(&mut variables.warnings)
            },
            process,
            ..EnvConfig::empty()
        }
    }

    /// Nothing is propagated or sent.
    fn empty() -> Self {
        EnvConfig {
            disabled: false,
            process: ProcessSettings { service: Process::unknown_service(), tags: Vec::new() },
            attributes: Vec::new(),
            sampler: SamplerSettings::of(ConstSampler::on()),
            formats: Composite::empty(),
            message_formats: None,
            without_message_context: Vec::new(),
            secrets: None,
            width: TraceIdWidth::default(),
            limits: Limits::default(),
            queue: QueueSettings::default(),
            tail: None,
            transports: Vec::new(),
            kafka: true,
            own_transports: false,
            warnings: Vec::new(),
            #[cfg(feature = "config-file")]
            invalid_file: None,
            change_tracer: Vec::new(),
            change_reporter: Vec::new(),
        }
    }

    /// Sets the name of the service. Wins over the environment. An empty name becomes
    /// [`unknown_service`](opentracing_core::Process::unknown_service).
    pub fn service(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.process.service = if name.trim().is_empty() { Process::unknown_service() } else { name };
        self
    }

    /// Changes the tracer's settings after the environment has been applied.
    ///
    /// ```
    /// use opentracing_core::ProbabilisticSampler;
    ///
    /// let from_env = opentracing_reporter::from_env()
    ///     .tracer(|tracer| tracer.sampler(ProbabilisticSampler::new(0.1)));
    /// # drop(from_env);
    /// ```
    pub fn tracer(mut self, change: impl FnOnce(TracerBuilder) -> TracerBuilder + 'static) -> Self {
        self.change_tracer.push(Box::new(change));
        self
    }

    /// Changes the reporter's settings after the environment has been applied.
    pub fn reporter(mut self, change: impl FnOnce(BatchReporter) -> BatchReporter + 'static) -> Self {
        self.change_reporter.push(Box::new(change));
        self
    }

    /// Sends by this transport instead of those that the environment names. Further calls add transports.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        if !self.own_transports {
            self.transports.clear();
            self.own_transports = true;
        }
        self.transports.push((Box::new(transport), OwnLimits::default()));
        self
    }

    /// Adds tags of the process that detectors find. Attributes in the environment and in the configuration file win over them.
    ///
    /// ```
    /// use opentracing_reporter::{Detector, Detectors};
    ///
    /// let detectors = Detectors::new([Detector::Host, Detector::Process, Detector::Kubernetes]);
    /// let from_env = opentracing_reporter::from_env().detectors(&detectors);
    /// # drop(from_env);
    /// ```
    #[cfg(feature = "resource-detectors")]
    pub fn detectors(mut self, detectors: &crate::resource::Detectors) -> Self {
        for (key, value) in detectors.detect().iter().filter(|(key, _)| *key != process::SERVICE_NAME) {
            let of_environment = self.process.tags.iter().map(|(known, _)| known);
            if !of_environment.chain(self.attributes.iter().map(|(known, _)| known)).any(|known| known == key) {
                self.attributes.push((key.to_owned(), value.into()));
            }
        }
        self
    }

    /// Why the configuration file cannot be used, if `OTEL_CONFIG_FILE` names one that is broken. [`start`](Self::start) then fails.
    #[cfg(feature = "config-file")]
    pub fn invalid_file(&self) -> Option<&crate::config::InvalidConfigFile> {
        self.invalid_file.as_ref()
    }

    /// The invalid variables, and the keys of the configuration file that are ignored, in the order in which they were read. [`start`](Self::start) writes them to `log`.
    pub fn warnings(&self) -> &[EnvWarning] {
        &self.warnings
    }

    /// Checks whether spans would arrive by the transports, like [`BatchReporter::check`].
    pub fn check(&self, timeout: Duration) -> Vec<CheckResult> {
        let checks = self.transports.iter().map(|(transport, _)| (transport.name(), transport.check())).collect();
        crate::reporter::check::run(checks, timeout)
    }

    /// Builds the tracer and starts the thread that reports its spans.
    ///
    /// If the environment disables tracing, the tracer only [passes contexts on](TracerBuilder::build_forwarding): it reads and writes the
    /// propagation formats, and starts and reports no spans of its own.
    ///
    /// Keep the guard until the end of `main`, as [`BatchReporter::start`] explains.
    ///
    /// # Errors
    ///
    /// If the operating system cannot start a thread, or if `OTEL_CONFIG_FILE` names a file that cannot be used (`InvalidData`).
    pub fn start(self) -> io::Result<(Tracer, FlushGuard)> {
        #[cfg(feature = "config-file")]
        if let Some(invalid) = self.invalid_file {
            return Err(io::Error::new(io::ErrorKind::InvalidData, invalid));
        }
        self.warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let mut tracer = Tracer::builder(&self.process.service).composite(self.formats).limits(self.limits);
        if let Some(formats) = self.message_formats {
            tracer = tracer.message_composite(formats);
        }
        tracer = tracer.without_message_context(self.without_message_context);
        if !self.kafka {
            tracer = tracer.propagator(KafkaHeaders, Composite::empty());
        }
        if self.disabled {
            let tracer = self.change_tracer.into_iter().fold(tracer, |tracer, change| change(tracer));
            return Ok((tracer.build_forwarding(), FlushGuard::noop()));
        }
        let mut polling = Vec::new();
        match self.sampler {
            SamplerSettings::Ready(sampler) => tracer = tracer.sampler(sampler),
            SamplerSettings::Remote { settings, asks_anew } => {
                let (sampler, guard) = settings.start(&self.process.service)?;
                tracer = if asks_anew { tracer.sampler(IgnoringParent(sampler)) } else { tracer.sampler(sampler) };
                polling.push(guard);
            }
            #[cfg(feature = "config-file")]
            SamplerSettings::File(file) => {
                for poll in file.polls {
                    polling.push(remote_sampling::poll(&self.process.service, poll)?);
                }
                let sampler = file.sampler;
                tracer = if file.asks_anew { tracer.sampler(IgnoringParent(sampler)) } else { tracer.sampler(sampler) };
            }
        }
        tracer = tracer.trace_id_width(self.width);
        if let Some(secrets) = self.secrets {
            tracer = tracer.secrets(secrets);
        }
        for (key, value) in self.process.tags {
            tracer = tracer.tag(key, &*value);
        }
        for (key, value) in self.attributes {
            tracer = tracer.tag(key, value.as_value());
        }
        let reporter = match self.transports.is_empty() {
            true => BatchReporter::new(Discard),
            false => BatchReporter::with_limits(self.transports),
        };
        let mut reporter = self.queue.apply(reporter);
        if let Some(TailSettings { tail, deferred_as_sampled }) = self.tail {
            reporter = reporter.tail_sampling(tail);
            if deferred_as_sampled {
                tracer = tracer.deferred_as_sampled();
            }
        }
        let tracer = self.change_tracer.into_iter().fold(tracer, |tracer, change| change(tracer));
        let reporter = self.change_reporter.into_iter().fold(reporter, |reporter, change| change(reporter));
        let (tracer, guard) = reporter.start(tracer)?;
        Ok((tracer, guard.keep_alive(polling)))
    }
}

impl fmt::Debug for EnvConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvConfig")
            .field("disabled", &self.disabled)
            .field("process", &self.process)
            .field("transports", &self.transports.iter().map(|(transport, _)| transport.name()).collect::<Vec<_>>())
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Whether one of the variables disables tracing. Instana's newer one may list technologies instead.
fn is_disabled(variables: &mut Variables<'_>) -> bool {
    const LIST: &str = "INSTANA_TRACING_DISABLE";
    let mut is_disabled = false;
    for name in ["OTEL_SDK_DISABLED", "INSTANA_DISABLE_TRACING", "JAEGER_DISABLED"] {
        is_disabled |= variables.flag(name);
    }
    is_disabled |= !variables.switch("DD_TRACE_ENABLED", true);
    match variables.get(LIST) {
        Some(value) if value.eq_ignore_ascii_case("true") => true,
        Some(value) if value.eq_ignore_ascii_case("false") => is_disabled,
        Some(value) => {
            variables.warn(LIST, format_args!("is {value:?}, and a list is not supported"), "tracing all of it");
            is_disabled
        }
        None => is_disabled,
    }
}

fn secrets(variables: &mut Variables<'_>) -> Option<Secrets> {
    variables.parsed("INSTANA_SECRETS", "matcher with a list of names", "using the default")
}

/// Jaeger's clients create 64-bit ids by default. Here they must be requested with `false`.
fn width(variables: &mut Variables<'_>) -> TraceIdWidth {
    match variables.get("JAEGER_TRACEID_128BIT") {
        Some(_) if !variables.flag("JAEGER_TRACEID_128BIT") => TraceIdWidth::Bits64,
        _ => TraceIdWidth::default(),
    }
}

/// Discards spans: the transport of `OTEL_TRACES_EXPORTER=none`.
struct Discard;

impl Transport for Discard {
    fn name(&self) -> &'static str {
        "none"
    }

    fn add(&mut self, _: FinishedSpan<'_>) {}

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        SendOutcome::none()
    }
}

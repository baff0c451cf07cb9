//! Limits of a span, and the sizes of the reporter's queue and batches.

use std::time::Duration;

use opentracing_core::Limits;

use crate::env::variables::Variables;
use crate::reporter::BatchReporter;

#[derive(Debug, Default, PartialEq)]
pub(crate) struct QueueSettings {
    pub(crate) queue: Option<usize>,
    pub(crate) batch: Option<usize>,
    pub(crate) delay: Option<Duration>,
    pub(crate) close_timeout: Option<Duration>,
}

impl QueueSettings {
    pub(crate) fn read(variables: &mut Variables<'_>) -> Self {
        let queue = positive(variables, &QUEUE);
        let mut batch = positive(variables, &BATCH);
        if let (Some(spans), Some(places)) = (batch, queue)
            && spans > places
        {
            let name = variables.first(&BATCH).map_or(BATCH[0], |(name, _)| name);
            let problem = format!("is {spans}, more than the {places} spans of the queue");
            variables.warn(name, problem, format_args!("using {places}"));
            batch = Some(places);
        }
        let delay = variables
            .millis("OTEL_BSP_SCHEDULE_DELAY", "using the default")
            .or_else(|| variables.duration("JAEGER_REPORTER_FLUSH_INTERVAL", "using the default"));
        let close_timeout = variables.millis("OTEL_BSP_EXPORT_TIMEOUT", "using the default").map(unlimited_if_zero);
        QueueSettings { queue, batch, delay, close_timeout }
    }

    pub(crate) fn apply(self, mut reporter: BatchReporter) -> BatchReporter {
        if let Some(spans) = self.queue {
            reporter = reporter.queue_size(spans);
        }
        if let Some(spans) = self.batch {
            reporter = reporter.batch_size(spans);
        }
        if let Some(delay) = self.delay {
            reporter = reporter.batch_delay(delay);
        }
        match self.close_timeout {
            Some(timeout) => reporter.close_timeout(timeout),
            None => reporter,
        }
    }
}

const QUEUE: [&str; 3] = ["OTEL_BSP_MAX_QUEUE_SIZE", "INSTANA_MAX_BUFFERED_SPANS", "JAEGER_REPORTER_MAX_QUEUE_SIZE"];
const BATCH: [&str; 2] = ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "INSTANA_FORCE_TRANSMISSION_STARTING_AT"];

/// The first of these variables that is a number above zero.
fn positive(variables: &mut Variables<'_>, names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| {
        let spans = variables.parsed::<usize>(name, "number of spans", "using the default")?;
        if spans == 0 {
            variables.warn(name, "is 0, but must be at least 1", "using the default");
        }
        (spans > 0).then_some(spans)
    })
}

/// Zero is no limit (OpenTelemetry, "Common concepts", Timeout). A dead server still ends it after the maximum retry time.
pub(crate) fn unlimited_if_zero(timeout: Duration) -> Duration {
    if timeout.is_zero() { Duration::MAX } else { timeout }
}

/// The limits of a span.
pub(crate) fn span_limits(variables: &mut Variables<'_>) -> Limits {
    const COUNT: u32 = u16::MAX as u32;
    const TEXT_BYTES: u32 = 1 << 20;
    let mut limits = Limits::default();
    let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    let tags = number(variables, &[TAGS, ATTRIBUTES], limits.tags.into(), COUNT);
    let logs = number(variables, &["OTEL_SPAN_EVENT_COUNT_LIMIT"], limits.logs.into(), COUNT);
    let fields = number(variables, &["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", ATTRIBUTES], limits.log_fields.into(), COUNT);
    let references = number(variables, &["OTEL_SPAN_LINK_COUNT_LIMIT"], limits.references.into(), COUNT);
    let lengths = ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"];
    limits.value_bytes = number(variables, &lengths, limits.value_bytes, TEXT_BYTES);
    (limits.tags, limits.logs) = (narrow(tags), narrow(logs));
    (limits.log_fields, limits.references) = (narrow(fields), narrow(references));
    // A link has one attribute, so any other limit is kept.
    if variables.parsed::<u64>(LINKS, "number", "using 128") == Some(0) {
        variables.warn(LINKS, "is 0, but a link has the attribute opentracing.ref_type", "writing it");
    }
    limits
}

const TAGS: &str = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT";
const ATTRIBUTES: &str = "OTEL_ATTRIBUTE_COUNT_LIMIT";
const LINKS: &str = "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT";

/// The first of these variables that is a number, up to a maximum.
fn number(variables: &mut Variables<'_>, names: &[&str], default: u32, max: u32) -> u32 {
    for name in names {
        let Some(number) = variables.parsed::<u64>(name, "number", format_args!("using {default}")) else { continue };
        return match u32::try_from(number) {
            Ok(number) if number <= max => number,
            _ => {
                variables.warn(name, format_args!("is {number}, more than {max}"), format_args!("using {max}"));
                max
            }
        };
    }
    default
}

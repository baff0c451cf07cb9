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
        let positive = |variables: &mut Variables<'_>, names: &[&str]| {
            let number = variables.first_parsed::<usize>(names, "number of spans", "using the default");
            match number {
                Some(0) => {
                    let name = variables.first(names).map_or("", |(name, _)| name).to_owned();
                    variables.warn(&name, "is 0, but must be at least 1", "using the default");
                    None
                }
                other => other,
            }
        };
        let queue = positive(variables, &["OTEL_BSP_MAX_QUEUE_SIZE", "JAEGER_REPORTER_MAX_QUEUE_SIZE"]);
        let batch = positive(variables, &["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"]);
        let delay = variables
            .millis("OTEL_BSP_SCHEDULE_DELAY", "using the default")
            .or_else(|| variables.duration("JAEGER_REPORTER_FLUSH_INTERVAL", "using the default"));
        // Zero is no limit (OpenTelemetry, "Common concepts", Timeout). A dead server still ends it after the maximum retry time.
        let unlimited = |timeout: Duration| if timeout.is_zero() { Duration::MAX } else { timeout };
        let close_timeout = variables.millis("OTEL_BSP_EXPORT_TIMEOUT", "using the default").map(unlimited);
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

/// The limits of a span. A number that does not fit into a field of [`Limits`] becomes its maximum.
pub(crate) fn span_limits(variables: &mut Variables<'_>) -> Limits {
    let mut limits = Limits::default();
    let mut number = |names: &[&str], default: u32| {
        let instead = format!("using {default}");
        variables.first_parsed::<u64>(names, "number", instead).map_or(default, |n| n.try_into().unwrap_or(u32::MAX))
    };
    let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    limits.tags =
        narrow(number(&["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"], limits.tags.into()));
    limits.logs = narrow(number(&["OTEL_SPAN_EVENT_COUNT_LIMIT"], limits.logs.into()));
    limits.value_bytes =
        number(&["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"], limits.value_bytes);
    limits
}

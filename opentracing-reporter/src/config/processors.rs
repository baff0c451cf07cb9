//! The span processors: a transport for each, with its queue.

use std::time::Duration;

use super::exporters::{Context, exporter};
use super::field::{Field, Section};
use super::invalid::Problem;
use crate::reporter::OwnLimits;
use crate::transport::Transport;

/// The defaults of OpenTelemetry's batch span processor.
const SCHEDULE_DELAY: Duration = Duration::from_secs(5);
const QUEUE_SIZE: usize = 2048;
const BATCH_SIZE: usize = 512;

pub(crate) struct Processor {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) limits: OwnLimits,
    /// How long a flush at the end of the program may take. Zero is no limit.
    pub(crate) export_timeout: Option<Duration>,
}

/// The processors whose exporters are supported.
pub(super) fn read(list: &Field<'_>, context: &mut Context<'_>) -> Result<Vec<Processor>, Problem> {
    let mut processors = Vec::new();
    for item in list.items()? {
        let (name, field) = item.only()?;
        let mut section = field.section()?;
        let (limits, export_timeout) = match name {
            "batch" => batch(&mut section)?,
            // Each span is sent as soon as the reporter has it.
            "simple" => {
                let delay = Some(Duration::ZERO);
                (OwnLimits { batch_size: Some(1), batch_delay: delay, ..OwnLimits::default() }, None)
            }
            _ => {
                context.warnings.unsupported(&field);
                continue;
            }
        };
        if let Some(transport) = exporter(&section.required("exporter")?, context)? {
            processors.push(Processor { transport, limits, export_timeout });
        }
        section.end(context.warnings);
    }
    if processors.is_empty() {
        context.warnings.add(list, "has no processor that is supported", "sending no spans");
    }
    Ok(processors)
}

fn batch(section: &mut Section<'_>) -> Result<(OwnLimits, Option<Duration>), Problem> {
    let mut millis = |key| Ok(section.read(key, |field| field.count(0))?.map(Duration::from_millis));
    let (delay, export_timeout) = (millis("schedule_delay")?, millis("export_timeout")?);
    let mut spans = |key| {
        let number = section.read(key, |field| field.count(1))?;
        Ok(number.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
    };
    let limits = OwnLimits {
        queue_size: spans("max_queue_size")?.or(Some(QUEUE_SIZE)),
        batch_size: spans("max_export_batch_size")?.or(Some(BATCH_SIZE)),
        batch_delay: delay.or(Some(SCHEDULE_DELAY)),
    };
    Ok((limits, export_timeout))
}

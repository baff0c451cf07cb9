//! Requests in Instana's formats.

use std::time::Duration;

use opentracing_core::{FinishedSpan, Process};

use crate::batch::{Detail, EncodedSpans, Encoding, RequestLimits};
use crate::instana::facts::Role;
use crate::instana::native::{self, Entity};
use crate::instana::settings::{InstanaRootExits, InstanaSpanFormat};
use crate::instana::web_service;
use crate::wire::json;

#[derive(Debug)]
pub(crate) struct InstanaEncoding {
    pub(crate) format: InstanaSpanFormat,
    pub(crate) root_exits: InstanaRootExits,
    pub(crate) entity: Entity,
}

/// The limit of the Trace Web Service, 4 MiB, without the frame. The limit for native spans is higher.
const MAX_REQUEST_BYTES: usize = (4 << 20) - 4096;
const MAX_REQUEST_SPANS: usize = 1000;
/// 20 requests per second with a margin, since evenly sent requests may arrive less evenly.
const INTERVAL: Duration = Duration::from_millis(60);

impl InstanaEncoding {
    /// The name of the transport: one for each encoding.
    pub(crate) fn name(&self) -> &'static str {
        match (&self.entity, self.format) {
            (Entity::Serverless { .. }, _) => "instana-serverless",
            (Entity::Process { .. }, InstanaSpanFormat::Native) => "instana",
            (Entity::Process { .. }, InstanaSpanFormat::TraceWebService) => "instana-trace",
        }
    }
}

impl Encoding for InstanaEncoding {
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize {
        let is_root_exit = Role::of(span.kind()) == Role::Exit && span.parent_id().is_none();
        if is_root_exit && self.root_exits == InstanaRootExits::Suppressed {
            return 0;
        }
        match self.format {
            InstanaSpanFormat::Native => native::write(span, &self.entity, detail, out),
            InstanaSpanFormat::TraceWebService => {
                web_service::write(span, detail, out);
                1
            }
        }
    }

    /// Writes nothing: each span has all of its data.
    fn process(&mut self, _: &Process, _: &mut Vec<u8>) {}

    fn frame(&self, _: &[u8], spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        let is_bundle = matches!(self.entity, Entity::Serverless { .. });
        out.extend_from_slice(if is_bundle { b"{\"spans\":[" } else { b"[" });
        for (number, span) in spans.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.extend_from_slice(span);
        }
        out.extend_from_slice(if is_bundle { b"]}" } else { b"]" });
    }

    fn operation(&self, span: &[u8]) -> Option<String> {
        match self.format {
            InstanaSpanFormat::Native => native::operation(span),
            InstanaSpanFormat::TraceWebService => json::string_after(span, "\"name\":"),
        }
    }

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn limits(&self) -> RequestLimits {
        let span_bytes = match self.format {
            InstanaSpanFormat::Native => usize::MAX,
            InstanaSpanFormat::TraceWebService => web_service::MAX_SPAN_BYTES,
        };
        RequestLimits { entries: MAX_REQUEST_SPANS, bytes: MAX_REQUEST_BYTES, span_bytes, interval: INTERVAL }
    }
}

//! Requests as Instana wants them.

use std::time::Duration;

use opentracing_core::{FinishedSpan, Process};

use crate::batch::{Detail, EncodedSpans, Encoding, RequestLimits};
use crate::instana::facts::Role;
use crate::instana::native::{self, From};
use crate::instana::settings::{InstanaRootExits, InstanaSpanFormat};
use crate::instana::web_service;

#[derive(Debug)]
pub(crate) struct InstanaEncoding {
    pub(crate) form: InstanaSpanFormat,
    pub(crate) root_exits: InstanaRootExits,
    pub(crate) from: From,
}

/// "4 MiB a request" of the Trace Web Service, which is less than what the agent takes of native spans, without the frame.
const MAX_REQUEST_BYTES: usize = (4 << 20) - 4096;
const MAX_REQUEST_SPANS: usize = 1000;
/// Of the Trace Web Service alone.
pub(crate) const MAX_SPAN_BYTES: usize = 4 << 10;
/// 20 calls a second, with a little distance: what left evenly may arrive less so.
const INTERVAL: Duration = Duration::from_millis(60);

impl InstanaEncoding {
    /// One for each way in which a span may be encoded.
    pub(crate) fn name(&self) -> &'static str {
        match (&self.from, self.form) {
            (From::Serverless { .. }, _) => "instana-serverless",
            (From::Process { .. }, InstanaSpanFormat::Native) => "instana",
            (From::Process { .. }, InstanaSpanFormat::TraceWebService) => "instana-trace",
        }
    }
}

impl Encoding for InstanaEncoding {
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize {
        let is_root_exit = Role::of(span.kind()) == Role::Exit && span.parent_id().is_none();
        if is_root_exit && self.root_exits == InstanaRootExits::Suppressed {
            return 0;
        }
        match self.form {
            InstanaSpanFormat::Native => native::write(span, &self.from, detail, out),
            InstanaSpanFormat::TraceWebService => {
                web_service::write(span, detail, out);
                1
            }
        }
    }

    /// What is the same for all spans stands in each of them.
    fn process(&mut self, _: &Process, _: &mut Vec<u8>) {}

    fn frame(&self, _: &[u8], spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        let is_bundle = matches!(self.from, From::Serverless { .. });
        out.extend_from_slice(if is_bundle { b"{\"spans\":[" } else { b"[" });
        for (number, span) in spans.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.extend_from_slice(span);
        }
        out.extend_from_slice(if is_bundle { b"]}" } else { b"]" });
    }

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn limits(&self) -> RequestLimits {
        let span_bytes = match self.form {
            InstanaSpanFormat::Native => usize::MAX,
            InstanaSpanFormat::TraceWebService => MAX_SPAN_BYTES,
        };
        RequestLimits { entries: MAX_REQUEST_SPANS, bytes: MAX_REQUEST_BYTES, span_bytes, interval: INTERVAL }
    }
}

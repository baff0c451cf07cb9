//! How the ids of the active span are written into log lines.

use std::fmt;

use opentracing_core::{ActiveIds, active_ids};

/// The names and forms of ids in log lines.
///
/// ```
/// use opentracing_tracing::IdFields;
///
/// let names = IdFields::new().names("traceId", "spanId").sampled(None);
/// assert_ne!(names, IdFields::datadog());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdFields {
    trace_id: &'static str,
    span_id: &'static str,
    sampled: Option<&'static str>,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Hexadecimal,
    /// The low 64 bits of both ids.
    Decimal,
}

impl IdFields {
    /// `trace_id` and `span_id` with 32 and 16 hexadecimal digits, as OpenTelemetry has them, and `sampled`, which is `true` or `false`.
    pub const fn new() -> Self {
        IdFields { trace_id: "trace_id", span_id: "span_id", sampled: Some("sampled"), form: Form::Hexadecimal }
    }

    /// `dd.trace_id` and `dd.span_id` as decimal numbers of 64 bits, by which Datadog joins log lines and traces.
    pub const fn datadog() -> Self {
        IdFields { trace_id: "dd.trace_id", span_id: "dd.span_id", sampled: None, form: Form::Decimal }
    }

    /// Sets the names of both ids.
    #[must_use]
    pub const fn names(mut self, trace_id: &'static str, span_id: &'static str) -> Self {
        (self.trace_id, self.span_id) = (trace_id, span_id);
        self
    }

    /// Sets the name of the field that says whether the trace is kept; `None` leaves it out.
    #[must_use]
    pub const fn sampled(mut self, name: Option<&'static str>) -> Self {
        self.sampled = name;
        self
    }

    /// The ids of the active span as text, for any logger: `{}` of it is `trace_id=… span_id=… sampled=true`, or nothing without an active
    /// span. Read it on the thread that logs, at the call: a logger that formats in the background finds no active span there.
    ///
    /// ```
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_tracing::IdFields;
    ///
    /// let mock = MockTracer::new();
    /// assert_eq!(IdFields::new().text().to_string(), "");
    /// let _scope = mock.tracer().span("work").start_active();
    /// let text = IdFields::new().text().to_string();
    /// assert!(text.starts_with("trace_id=") && text.ends_with(" sampled=true"));
    /// ```
    pub fn text(&self) -> IdText {
        IdText { fields: *self, ids: active_ids() }
    }

    /// The name and the digits of each id.
    pub(crate) fn digits(&self, ids: ActiveIds) -> [(&'static str, IdDigits); 2] {
        let (trace_id, span_id) = match self.form {
            Form::Hexadecimal => (IdDigits::of(&ids.trace_id.to_hex()), IdDigits::of(&ids.span_id.to_hex())),
            Form::Decimal => (IdDigits::decimal(ids.trace_id.low()), IdDigits::decimal(ids.span_id.get())),
        };
        [(self.trace_id, trace_id), (self.span_id, span_id)]
    }

    #[cfg(any(feature = "fmt", feature = "log"))]
    pub(crate) fn sampled_name(&self) -> Option<&'static str> {
        self.sampled
    }
}

impl Default for IdFields {
    fn default() -> Self {
        Self::new()
    }
}

/// The digits of an id.
#[derive(Clone, Copy)]
pub(crate) struct IdDigits {
    ascii: [u8; 32],
    len: u8,
}

impl IdDigits {
    fn of(digits: &[u8]) -> Self {
        let mut ascii = [0; 32];
        ascii[..digits.len()].copy_from_slice(digits);
        IdDigits { ascii, len: digits.len() as u8 }
    }

    fn decimal(mut number: u64) -> Self {
        let (mut ascii, mut at) = ([0; 20], 20);
        loop {
            at -= 1;
            ascii[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self::of(&ascii[at..]);
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.ascii[..self.len.into()]).unwrap_or_default()
    }
}

/// The ids of the span that was active when this was made. See [`IdFields::text`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdText {
    fields: IdFields,
    ids: Option<ActiveIds>,
}

impl IdText {
    /// Whether no span was active.
    pub fn is_empty(&self) -> bool {
        self.ids.is_none()
    }
}

impl fmt::Display for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(ids) = self.ids else { return Ok(()) };
        for (number, (name, digits)) in self.fields.digits(ids).iter().enumerate() {
            f.write_str(if number == 0 { "" } else { " " })?;
            f.write_str(name)?;
            f.write_str("=")?;
            f.write_str(digits.as_str())?;
        }
        match self.fields.sampled {
            Some(name) => write!(f, " {name}={}", ids.is_sampled),
            None => Ok(()),
        }
    }
}

//! OTLP as JSON lines, in a file or on standard output.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::conventions::SemanticConventions;
use super::encoding::OtlpEncoding;
use crate::connection::{Answer, Channel, RequestStats};
use crate::export::{Exporter, export_transport};
use crate::transport::TransportCheck;

/// Writes spans as lines of JSON, one `TracesData` each: OpenTelemetry's "OTLP File Exporter". The Collector reads such files with its
/// receiver `otlpjsonfile`.
///
/// A batch is one line. Lines are only appended; rotating and deleting the file is left to others. A batch that cannot be written, as on
/// a full disk, is retried with backoff for 15 minutes; the error is the transport's last error and goes to `log`. Writing blocks the
/// reporter's thread.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, OtlpFile};
///
/// # let folder = std::env::temp_dir().join(format!("otlp-file-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("traces.jsonl");
/// let otlp = OtlpFile::append(&path)?;
/// let (tracer, guard) = BatchReporter::new(otlp).start(Tracer::builder("shop"))?;
/// tracer.span("checkout").start().finish();
/// drop(guard);
/// assert!(std::fs::read_to_string(&path)?.starts_with(r#"{"resourceSpans":[{"resource":"#));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "does nothing until a reporter uses it"]
pub struct OtlpFile {
    exporter: Exporter<OtlpEncoding, Lines>,
}

impl OtlpFile {
    /// Appends to this file, which is created if it does not exist. Its name usually ends in `.jsonl`.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(OtlpFile::to(OpenOptions::new().append(true).create(true).open(path)?))
    }

    /// Writes to standard output.
    pub fn stdout() -> Self {
        OtlpFile::to(io::stdout())
    }

    /// Writes to anything else. It is flushed after each line.
    pub fn to(out: impl Write + Send + 'static) -> Self {
        let lines = Lines { out: Box::new(out), is_torn: false, answer: None, stats: RequestStats::default() };
        OtlpFile { exporter: Exporter::new(OtlpEncoding::json(), lines) }
    }

    /// Sets which names attributes have, as [`Otlp::semantic_conventions`](crate::Otlp::semantic_conventions).
    pub fn semantic_conventions(mut self, conventions: SemanticConventions) -> Self {
        self.exporter.encoding.conventions = conventions;
        self
    }
}

export_transport!(OtlpFile, "otlp-file");

impl fmt::Debug for OtlpFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OtlpFile").field(&self.exporter).finish()
    }
}

/// Writes each request as a line.
struct Lines {
    out: Box<dyn Write + Send>,
    /// The last line may have been written in part.
    is_torn: bool,
    answer: Option<Answer>,
    stats: RequestStats,
}

impl Lines {
    fn write(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        if self.is_torn {
            // The torn line stays invalid, but does not damage this one.
            line.insert(0, b'\n');
        }
        self.is_torn = true;
        self.out.write_all(&line)?;
        self.is_torn = false;
        self.out.flush()
    }
}

impl Channel for Lines {
    fn start(&mut self, body: Vec<u8>, _: &'static str) {
        let (bytes, started) = (body.len() + 1, Instant::now());
        self.answer = Some(match self.write(body) {
            Ok(()) => Answer::Accepted(Vec::new()),
            // Nobody will ever read it.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Answer::Refused(error.into()),
            Err(error) => Answer::retry(error),
        });
        self.stats = RequestStats { bytes, latency: started.elapsed() };
    }

    fn answer(&mut self, _: Duration) -> Option<Answer> {
        self.answer.take()
    }

    fn cancel(&mut self) {
        self.answer = None;
    }

    fn check(&self, _: Vec<u8>, _: &'static str) -> TransportCheck {
        TransportCheck::unavailable("it has no server")
    }

    fn request_stats(&self) -> RequestStats {
        self.stats
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("is_torn", &self.is_torn).finish_non_exhaustive()
    }
}

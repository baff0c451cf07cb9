//! The metrics of a process as one page for a scraper.

use std::fmt::Write;
use std::sync::Arc;

use crate::stats::red::RedFigures;
use crate::stats::text_format::{Dialect, Writer, joined};
use crate::tracer::tracer::Tracer;

/// The statistics of a tracer, and optionally its RED figures, as a page for Prometheus or any other OpenMetrics scraper.
///
/// It is cheap to clone, so it can be the state of a route. A handler passes the request's `Accept` header to [`page`](Metrics::page) and
/// responds with the text and its content type:
///
/// ```
/// use opentracing_core::{Metrics, RedFigures, Tracer};
///
/// let figures = RedFigures::new();
/// let (tracer, _drain) = Tracer::builder("shop").red(&figures).build();
/// let metrics = Metrics::new(tracer).red(&figures).label("service", "shop");
///
/// let page = metrics.page(Some("application/openmetrics-text; version=1.0.0"));
/// assert!(page.content_type().starts_with("application/openmetrics-text"));
/// assert!(page.text().ends_with("# EOF\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Metrics {
    tracer: Tracer,
    red: Option<RedFigures>,
    labels: Arc<[(Box<str>, Box<str>)]>,
    others: Arc<[Metrics]>,
}

/// A page of [`Metrics`], in the Prometheus or OpenMetrics text format.
#[derive(Clone, Debug)]
pub struct MetricsPage {
    dialect: Dialect,
    text: String,
}

impl Metrics {
    /// Creates a page of the tracer's statistics.
    pub fn new(tracer: Tracer) -> Self {
        Metrics { tracer, red: None, labels: Arc::new([]), others: Arc::new([]) }
    }

    /// Adds requests, errors and durations by operation name.
    pub fn red(mut self, figures: &RedFigures) -> Self {
        self.red = Some(figures.clone());
        self
    }

    /// Adds a label to every sample, such as `service`. Characters of the name other than ASCII letters, digits and underscores become
    /// underscores.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels = self.labels.iter().cloned().chain([(name.into(), value.into())]).collect();
        self
    }

    /// Adds the metrics of another tracer of this process to the same page. Give each of them a label, such as `service`, by which they
    /// differ.
    ///
    /// ```
    /// use opentracing_core::{Metrics, Tracer};
    ///
    /// let of = |service| Metrics::new(Tracer::builder(service).build_forwarding()).label("service", service);
    /// let page = of("shop").and(of("payment")).page(None).into_text();
    /// assert!(page.contains("spans_open{service=\"shop\"} 0\nopentracing_spans_open{service=\"payment\"} 0\n"));
    /// ```
    pub fn and(mut self, other: Metrics) -> Self {
        self.others = self.others.iter().cloned().chain([other]).collect();
        self
    }

    /// Writes the page in the format that the request's `Accept` header accepts: OpenMetrics 1.0.0 with exemplars if the header names
    /// `application/openmetrics-text`, otherwise the Prometheus text format 0.0.4, which has no exemplars.
    pub fn page(&self, accept: Option<&str>) -> MetricsPage {
        let open = accept.is_some_and(accepts_open_metrics);
        let dialect = if open { Dialect::OpenMetrics } else { Dialect::Prometheus };
        let mut text = self.text(dialect);
        if !self.others.is_empty() {
            let others = self.others.iter().map(|other| other.page(accept).text);
            let pages: Vec<_> = std::iter::once(text).chain(others).collect();
            text = joined(&pages);
        }
        if open {
            let _ = text.write_str(END);
        }
        MetricsPage { dialect, text }
    }

    fn text(&self, dialect: Dialect) -> String {
        let mut text = String::new();
        let labels: Vec<_> = self.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        let mut writer = Writer::new(&mut text, dialect, &labels);
        // Writing to a `String` never fails.
        let _ = self.tracer.stats().write(&mut writer);
        if let Some(red) = &self.red {
            let _ = red.write(&mut writer);
        }
        text
    }
}

/// The end of a page in OpenMetrics.
const END: &str = "# EOF\n";

impl MetricsPage {
    /// The value of the `Content-Type` header.
    pub fn content_type(&self) -> &'static str {
        match self.dialect {
            Dialect::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Dialect::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The text of the page.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of the page.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// Whether a media range of the header names the format, without rejecting it by `q=0`.
fn accepts_open_metrics(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|range| range.eq_ignore_ascii_case("application/openmetrics-text"));
        named && !parts.any(|part| matches!(part.strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000")))
    })
}

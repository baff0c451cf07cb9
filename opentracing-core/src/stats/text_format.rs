//! The text formats of Prometheus (0.0.4) and OpenMetrics (1.0.0).

use std::collections::HashMap;
use std::fmt::{self, Display, Write};
use std::time::{Duration, SystemTime};

use crate::stats::histogram::Exemplar;

/// A text format. The two differ in the names of counters, in exemplars, and in the end marker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Prometheus,
    OpenMetrics,
}

pub(crate) struct Writer<'w> {
    out: &'w mut dyn Write,
    dialect: Dialect,
    labels: &'w [(&'w str, &'w str)],
}

pub(crate) type Labels<'l> = &'l [(&'l str, &'l dyn Display)];

impl<'w> Writer<'w> {
    pub(crate) fn new(out: &'w mut dyn Write, dialect: Dialect, labels: &'w [(&'w str, &'w str)]) -> Self {
        Writer { out, dialect, labels }
    }

    pub(crate) fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        // In OpenMetrics the suffix belongs to the sample, not to the metric.
        let name = match self.dialect {
            Dialect::OpenMetrics if kind == "counter" => name.strip_suffix("_total").unwrap_or(name),
            _ => name,
        };
        writeln!(self.out, "# HELP opentracing_{name} {help}\n# TYPE opentracing_{name} {kind}")
    }

    pub(crate) fn counter(&mut self, name: &str, help: &str, number: u64) -> fmt::Result {
        self.head(name, "counter", help)?;
        self.sample(name, &[], number)
    }

    pub(crate) fn counters(&mut self, name: &str, help: &str, label: &str, numbers: &[(&str, u64)]) -> fmt::Result {
        self.head(name, "counter", help)?;
        numbers.iter().try_for_each(|(value, number)| self.sample(name, &[(label, value)], *number))
    }

    /// Writes a histogram. The buckets are cumulative, and the last one has no bound.
    pub(crate) fn histogram(
        &mut self,
        name: &str,
        labels: Labels<'_>,
        buckets: impl Iterator<Item = (Option<Duration>, u64, Option<Exemplar>)>,
        sum: Duration,
    ) -> fmt::Result {
        let mut total = 0;
        for (bound, count, exemplar) in buckets {
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |bound| self.bound(bound.as_secs_f64()));
            let mut labels = labels.to_vec();
            labels.push(("le", &bound));
            self.begin(&format!("{name}_bucket"), &labels)?;
            write!(self.out, " {count}")?;
            if let (Dialect::OpenMetrics, Some(exemplar)) = (self.dialect, exemplar) {
                self.exemplar(&exemplar)?;
            }
            self.out.write_char('\n')?;
            total = count;
        }
        self.sample(&format!("{name}_sum"), labels, sum.as_secs_f64())?;
        self.sample(&format!("{name}_count"), labels, total)
    }

    pub(crate) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) -> fmt::Result {
        self.begin(name, labels)?;
        writeln!(self.out, " {value}")
    }

    fn begin(&mut self, name: &str, labels: Labels<'_>) -> fmt::Result {
        write!(self.out, "opentracing_{name}")?;
        let own = self.labels.iter().map(|(label, value)| (*label, value as &dyn Display));
        let mut separator = '{';
        for (label, value) in own.chain(labels.iter().copied()) {
            write!(self.out, "{separator}{}=\"{}\"", LabelName(label), Escaped(&value.to_string()))?;
            separator = ',';
        }
        if separator == '{' { Ok(()) } else { self.out.write_char('}') }
    }

    /// OpenMetrics requires bounds to be written as floating-point numbers.
    fn bound(&self, seconds: f64) -> String {
        match self.dialect {
            Dialect::Prometheus => seconds.to_string(),
            Dialect::OpenMetrics => format!("{seconds:?}"),
        }
    }

    fn exemplar(&mut self, exemplar: &Exemplar) -> fmt::Result {
        let at = exemplar.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        write!(
            self.out,
            " # {{trace_id=\"{}\",span_id=\"{}\"}} {} {}.{:03}",
            exemplar.trace_id,
            exemplar.span_id,
            exemplar.duration.as_secs_f64(),
            at.as_secs(),
            at.subsec_millis(),
        )
    }
}

/// Joins pages, so that each metric has one head and its samples stand together, as both formats demand.
pub(crate) fn joined(pages: &[String]) -> String {
    let mut metrics: Vec<String> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for page in pages {
        let (mut place, mut is_new) = (0, false);
        for line in page.lines().filter(|line| *line != "# EOF") {
            if let Some(head) = line.strip_prefix("# HELP ") {
                let name = head.split(' ').next().unwrap_or_default();
                is_new = !places.contains_key(name);
                place = *places.entry(name).or_insert(metrics.len());
                if is_new {
                    metrics.push(String::new());
                }
            }
            if let Some(metric) = metrics.get_mut(place).filter(|_| is_new || !line.starts_with('#')) {
                metric.push_str(line);
                metric.push('\n');
            }
        }
    }
    metrics.concat()
}

/// A label name, with invalid characters replaced by underscores.
struct LabelName<'a>(&'a str);

impl Display for LabelName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("_");
        }
        self.0.chars().enumerate().try_for_each(|(place, letter)| {
            let fits = letter.is_ascii_alphabetic() || letter == '_' || (place > 0 && letter.is_ascii_digit());
            write!(f, "{}", if fits { letter } else { '_' })
        })
    }
}

/// A label value, with backslashes, quotation marks and line feeds escaped.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            letter => write!(f, "{letter}"),
        })
    }
}

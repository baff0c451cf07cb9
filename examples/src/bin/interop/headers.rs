//! The headers of each format. Written for these checks, and independent of the propagators of the core.

use std::str::FromStr;

use crate::link::{Link, hex};

/// Names and values, the names in lower case.
pub(crate) type Headers = Vec<(String, String)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    W3c,
    B3,
    B3Multi,
    Jaeger,
    Datadog,
    OtTrace,
    XRay,
    Gcp,
    Instana,
    Wavefront,
    Sentry,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "w3c" => Format::W3c,
            "b3" => Format::B3,
            "b3multi" => Format::B3Multi,
            "jaeger" => Format::Jaeger,
            "datadog" => Format::Datadog,
            "ottrace" => Format::OtTrace,
            "xray" => Format::XRay,
            "gcp" => Format::Gcp,
            "instana" => Format::Instana,
            "wavefront" => Format::Wavefront,
            "sentry" => Format::Sentry,
            _ => return Err(format!("unknown format {name}")),
        })
    }
}

impl Format {
    /// Whether the format can force a trace to be kept.
    pub(crate) fn has_debug(self) -> bool {
        matches!(self, Format::B3 | Format::B3Multi | Format::Jaeger | Format::Datadog)
    }

    /// Whether two trace ids are the same in this format. Two formats carry the lower 64 bits only.
    pub(crate) fn same_trace(self, one: u128, other: u128) -> bool {
        match self {
            Format::OtTrace | Format::Instana => one as u64 == other as u64,
            _ => one == other,
        }
    }

    /// The headers of a caller.
    pub(crate) fn write(self, link: &Link) -> Headers {
        let (trace, span) = (link.trace.unwrap_or_default(), link.span.unwrap_or_default());
        let sampled = link.sampled == Some(true);
        let flag = u8::from(sampled);
        let short = trace <= u128::from(u64::MAX);
        let id = if short { format!("{trace:016x}") } else { format!("{trace:032x}") };
        let headers = match self {
            Format::W3c => vec![("traceparent", format!("00-{trace:032x}-{span:016x}-{flag:02x}"))],
            Format::B3 if link.debug => vec![("b3", format!("{id}-{span:016x}-d"))],
            Format::B3 => vec![("b3", format!("{id}-{span:016x}-{flag}"))],
            Format::B3Multi => {
                let decision = if link.debug { ("x-b3-flags", "1".into()) } else { ("x-b3-sampled", flag.to_string()) };
                vec![("x-b3-traceid", id), ("x-b3-spanid", format!("{span:016x}")), decision]
            }
            Format::Jaeger => {
                vec![("uber-trace-id", format!("{id}:{span:016x}:0:{}", if link.debug { 3 } else { flag }))]
            }
            Format::Datadog => {
                let mut headers = vec![
                    ("x-datadog-trace-id", (trace as u64).to_string()),
                    ("x-datadog-parent-id", span.to_string()),
                    ("x-datadog-sampling-priority", if link.debug { 2 } else { flag }.to_string()),
                ];
                if !short {
                    headers.push(("x-datadog-tags", format!("_dd.p.tid={:016x}", trace >> 64)));
                }
                headers
            }
            Format::OtTrace => vec![
                ("ot-tracer-traceid", format!("{:016x}", trace as u64)),
                ("ot-tracer-spanid", format!("{span:016x}")),
                ("ot-tracer-sampled", sampled.to_string()),
            ],
            Format::XRay => {
                let (time, rest) = (trace >> 96, trace & ((1 << 96) - 1));
                vec![("x-amzn-trace-id", format!("Root=1-{time:08x}-{rest:024x};Parent={span:016x};Sampled={flag}"))]
            }
            Format::Gcp => vec![("x-cloud-trace-context", format!("{trace:032x}/{span};o={flag}"))],
            Format::Instana if !sampled => vec![("x-instana-l", "0".to_owned())],
            Format::Instana => vec![
                ("x-instana-t", format!("{:016x}", trace as u64)),
                ("x-instana-s", format!("{span:016x}")),
                ("x-instana-l", "1".to_owned()),
            ],
            Format::Wavefront => vec![
                ("wf-ot-traceid", uuid(trace)),
                ("wf-ot-spanid", uuid(span.into())),
                ("wf-ot-sample", if sampled { "True" } else { "False" }.to_owned()),
            ],
            Format::Sentry => vec![("sentry-trace", format!("{trace:032x}-{span:016x}-{flag}"))],
        };
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads what a service sent; empty if there is no valid context.
    pub(crate) fn read(self, headers: &Headers) -> Link {
        let get = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        let link = match self {
            Format::W3c => get("traceparent").and_then(|value| {
                let fields: Vec<_> = value.split('-').collect();
                let [_, trace, span, flags] = fields[..] else { return None };
                let flags = u8::from_str_radix(flags, 16).ok()?;
                Some(Link { trace: hex(trace), span: hex(span), sampled: Some(flags & 1 == 1), debug: false })
            }),
            // Services may read one form and write the other.
            Format::B3 | Format::B3Multi => get("b3").map(b3_single).or_else(|| {
                // Debug implies sampled, whatever X-B3-Sampled is.
                let debug = get("x-b3-flags") == Some("1");
                let sampled = get("x-b3-sampled").map(|value| debug || value == "1" || value == "true");
                let sampled = sampled.or(debug.then_some(true));
                let (trace, span) = (get("x-b3-traceid").and_then(hex), get("x-b3-spanid").and_then(hex));
                Some(Link { trace, span, sampled, debug })
            }),
            Format::Jaeger => get("uber-trace-id").and_then(|value| {
                let value = value.replace("%3A", ":");
                let fields: Vec<_> = value.split(':').collect();
                let [trace, span, _, flags] = fields[..] else { return None };
                let flags = u8::from_str_radix(flags, 16).ok()?;
                Some(Link { trace: hex(trace), span: hex(span), sampled: Some(flags & 1 == 1), debug: flags & 2 == 2 })
            }),
            Format::Datadog => {
                let low = get("x-datadog-trace-id").and_then(|value| value.parse::<u64>().ok()).filter(|id| *id != 0);
                let high = get("x-datadog-tags").and_then(|tags| {
                    let tid = tags.split(',').find_map(|tag| tag.strip_prefix("_dd.p.tid="))?;
                    hex::<u64>(tid)
                });
                let trace = low.map(|low| u128::from(high.unwrap_or_default()) << 64 | u128::from(low));
                let span = get("x-datadog-parent-id").and_then(|value| value.parse().ok());
                let priority = get("x-datadog-sampling-priority").and_then(|value| value.parse::<i64>().ok());
                Some(Link { trace, span, sampled: priority.map(|priority| priority > 0), debug: priority == Some(2) })
            }
            Format::OtTrace => {
                let sampled = get("ot-tracer-sampled").map(|value| value == "true");
                let (trace, span) = (get("ot-tracer-traceid").and_then(hex), get("ot-tracer-spanid").and_then(hex));
                Some(Link { trace, span, sampled, debug: false })
            }
            Format::XRay => get("x-amzn-trace-id").map(|value| {
                let field = |name: &str| value.split(';').find_map(|field| field.trim().strip_prefix(name));
                let trace = field("Root=1-").map(|root| root.replace('-', "")).and_then(|root| hex(&root));
                let sampled = field("Sampled=").and_then(|letter| match letter {
                    "0" => Some(false),
                    "1" => Some(true),
                    _ => None,
                });
                Link { trace, span: field("Parent=").and_then(hex), sampled, debug: false }
            }),
            Format::Gcp => get("x-cloud-trace-context").map(|value| {
                let (trace, rest) = value.split_once('/').unwrap_or((value, ""));
                let (span, options) = rest.split_once(";o=").unwrap_or((rest, ""));
                let sampled = options.parse::<u8>().ok().map(|options| options & 1 == 1);
                Link { trace: hex(trace), span: span.parse().ok(), sampled, debug: false }
            }),
            Format::Instana => {
                let sampled = get("x-instana-l").map(|level| !level.starts_with('0'));
                let (trace, span) = (get("x-instana-t").and_then(hex), get("x-instana-s").and_then(hex));
                Some(Link { trace, span, sampled: sampled.or(trace.map(|_: u128| true)), debug: false })
            }
            Format::Wavefront => {
                let id = |name| get(name).and_then(|value| hex::<u128>(&value.replace('-', "")));
                let sampled = get("wf-ot-sample").map(|value| value.eq_ignore_ascii_case("true"));
                let span = id("wf-ot-spanid").map(|span| span as u64);
                Some(Link { trace: id("wf-ot-traceid"), span, sampled, debug: false })
            }
            Format::Sentry => get("sentry-trace").map(|value| {
                let mut fields = value.split('-');
                let (trace, span) = (fields.next().and_then(hex), fields.next().and_then(hex));
                Link { trace, span, sampled: fields.next().map(|letter| letter == "1"), debug: false }
            }),
        };
        link.unwrap_or_default()
    }
}

fn b3_single(value: &str) -> Link {
    let mut fields = value.split('-');
    let (trace, span) = (fields.next().and_then(hex), fields.next().and_then(hex));
    let decision = fields.next();
    Link { trace, span, sampled: decision.map(|letter| letter != "0"), debug: decision == Some("d") }
}

fn uuid(id: u128) -> String {
    let digits = format!("{id:032x}");
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

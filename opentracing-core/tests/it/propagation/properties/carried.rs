//! What each format can say of a context, and what is therefore left of one that was written and read.

use opentracing_core::propagation::Medium;
use opentracing_core::{BaggageItem, Sampling, SpanContext, SpanId, TraceId};

/// What is left beside baggage.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Carried {
    /// Of a valid context.
    pub(crate) ids: Option<(TraceId, SpanId)>,
    /// The span's own parent.
    pub(crate) parent_id: Option<SpanId>,
    /// The decision.
    pub(crate) sampling: Sampling,
    /// The members of other vendors.
    pub(crate) tracestate: Option<String>,
}

impl Carried {
    /// What a context that was read says.
    pub(crate) fn read(context: &SpanContext) -> Self {
        Carried {
            ids: context.is_valid().then(|| (context.trace_id(), context.span_id())),
            parent_id: context.parent_id(),
            sampling: context.sampling(),
            tracestate: context.tracestate().map(str::to_owned),
        }
    }

    /// What one format alone leaves of a context, by the rules that its page tells.
    pub(crate) fn by(format: &str, medium: Medium, context: &SpanContext) -> Self {
        let valid = context.is_valid();
        let sampling = context.sampling();
        let kept = context.is_sampled();
        let (trace_id, span_id) = (context.trace_id(), context.span_id());
        let lower_half = TraceId::from_parts(0, trace_id.low());
        let all = valid.then_some((trace_id, span_id));
        let with_lower_half = all.filter(|_| trace_id.low() != 0);
        let parent_id = context.parent_id().filter(|_| valid);
        let two_states = if kept { Sampling::Sampled } else { Sampling::NotSampled };
        let three_states = if sampling == Sampling::Debug { Sampling::Sampled } else { sampling };
        // These formats carry no decision without ids.
        let decision = |ids: Option<(TraceId, SpanId)>, sampling| ids.map_or(Sampling::Undecided, |_| sampling);
        match format {
            "instana" if sampling == Sampling::NotSampled => Carried { sampling, ..Carried::default() },
            "instana" => {
                let ids = if medium == Medium::Kafka { all } else { with_lower_half.map(|_| (lower_half, span_id)) };
                // The receiver records a trace whose ids come without a level.
                let sampling = if ids.is_some() { Sampling::Sampled } else { three_states };
                Carried { ids, sampling, ..Carried::default() }
            }
            "tracecontext" => {
                let tracestate = context.tracestate().filter(|_| valid).map(str::to_owned);
                Carried { ids: all, sampling: decision(all, two_states), tracestate, ..Carried::default() }
            }
            "b3" | "b3single" | "b3multi" => {
                let parent_id = parent_id.filter(|_| !medium.is_message());
                Carried { ids: all, parent_id, sampling, ..Carried::default() }
            }
            "jaeger" => {
                let sampling = if sampling == Sampling::Undecided { two_states } else { sampling };
                Carried { ids: all, parent_id, sampling: decision(all, sampling), ..Carried::default() }
            }
            "binary" => {
                let sampling = if sampling == Sampling::Undecided { two_states } else { sampling };
                let sampling = if valid || kept { sampling } else { Sampling::Undecided };
                Carried { ids: all, parent_id, sampling, ..Carried::default() }
            }
            "datadog" => {
                let sampling = decision(with_lower_half, three_states);
                Carried { ids: with_lower_half, sampling, ..Carried::default() }
            }
            "ottrace" => {
                let ids = with_lower_half.map(|_| (lower_half, span_id));
                Carried { ids, sampling: decision(ids, two_states), ..Carried::default() }
            }
            "grpc-trace-bin" => Carried { ids: all, sampling: decision(all, two_states), ..Carried::default() },
            "wavefront" | "xray" | "gcp" | "sentry-trace" => {
                Carried { ids: all, sampling: decision(all, three_states), ..Carried::default() }
            }
            _ => Carried::default(),
        }
    }
}

/// Name, value and properties.
pub(crate) type Item = (String, String, String);

/// The items of a context in the order of their names.
pub(crate) fn items(context: &SpanContext) -> Vec<Item> {
    let mut items: Vec<_> = context.baggage_items().iter().map(item).collect();
    items.sort_unstable();
    items
}

fn item(item: &BaggageItem) -> Item {
    (item.key().to_owned(), item.value().to_owned(), item.properties().to_owned())
}

/// The items that a format can write, each as it comes back, in the order in which they are written.
pub(crate) fn writable(format: &str, medium: Medium, context: &SpanContext) -> Vec<Item> {
    let all = context.baggage_items().iter().map(item);
    let http = medium == Medium::Http;
    let bare = |(key, value, _): Item| (key, value, String::new());
    match format {
        "baggage" => all.filter(|(key, ..)| is_token(key)).collect(),
        "binary" => all.map(bare).collect(),
        "jaeger" | "datadog" | "ottrace" | "wavefront" => {
            let reserved =
                |key: &str| ["traceid", "spanid", "sample"].iter().any(|name| name.eq_ignore_ascii_case(key));
            let has_name = |key: &str| !key.is_empty() && (!http || is_token(key));
            all.filter(|(key, ..)| has_name(key) && !(format == "wavefront" && reserved(key)))
                .map(|(key, value, _)| (if http { key.to_ascii_lowercase() } else { key }, value, String::new()))
                .collect()
        }
        _ => vec![],
    }
}

/// The items that come back if there is room for all of them. Of names that differ in letter case only the last in the order of bytes is
/// written, where each item is a header.
pub(crate) fn coming_back(format: &str, medium: Medium, context: &SpanContext) -> Vec<Item> {
    let all = writable(format, medium, context);
    if matches!(format, "baggage" | "binary") {
        return sorted(all);
    }
    let last = |key: &str| {
        let same = context.baggage().filter(|(other, _)| other.eq_ignore_ascii_case(key));
        same.max().map(|(_, value)| value)
    };
    let mut items = vec![];
    for (key, ..) in &all {
        let same = all.iter().filter(|other| other.0.eq_ignore_ascii_case(key));
        items.extend(same.filter(|other| last(key) == Some(&other.1)).max().cloned());
    }
    items = sorted(items);
    items.dedup();
    items
}

fn sorted(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_unstable();
    items
}

fn is_token(key: &str) -> bool {
    let others = "!#$%&'*+-.^_`|~";
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

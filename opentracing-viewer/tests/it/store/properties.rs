//! Random spans and random queries, compared with a reading of every span.

use std::sync::Arc;

use opentracing_core::{SpanId, SpanKind, TraceId};
use opentracing_viewer::{Link, LinkKind, Log, Query, Resource, Span, Status, Store, TagTerm, Text, Value};
use proptest::prelude::*;

use super::naive;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..3).prop_map(Value::I64),
        any::<i64>().prop_map(Value::I64),
        prop_oneof![Just(0), Just(200), Just(u64::MAX)].prop_map(Value::U64),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.5), Just(1e300), Just(f64::INFINITY)].prop_map(Value::F64),
        prop_oneof![Just(""), Just("200"), Just("true"), Just("Grüße"), Just("GET"), Just("get /orders"), Just("1.5")]
            .prop_map(Value::from),
        "[a-cA-C]{0,5}".prop_map(|text| Value::from(text.as_str())),
        Just(Value::Json("[1,2]".into())),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(Text, Value)>> {
    let key = prop_oneof![Just("http.status_code"), Just("user.id"), Just("a"), Just("")].prop_map(Text::from);
    prop::collection::vec((key, value()), 0..4)
}

fn kind() -> impl Strategy<Value = SpanKind> {
    prop_oneof![
        Just(SpanKind::Internal),
        Just(SpanKind::Server),
        Just(SpanKind::Client),
        Just(SpanKind::Producer),
        Just(SpanKind::Consumer)
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("GET /"), Just("get /"), Just("SELECT users"), Just("")].prop_map(str::to_owned)
}

fn service() -> impl Strategy<Value = String> {
    prop_oneof![Just("shop"), Just("Stock"), Just("mail")].prop_map(str::to_owned)
}

fn trace_id() -> impl Strategy<Value = TraceId> {
    (0_u64..2, 1_u64..12).prop_map(|(high, low)| TraceId::from_parts(high, low))
}

fn link() -> impl Strategy<Value = Link> {
    (trace_id(), 1_u64..50, fields()).prop_map(|(trace_id, span_id, tags)| {
        let mut link = Link::new(LinkKind::FollowsFrom, trace_id, SpanId::new(span_id));
        link.tags = tags;
        link
    })
}

prop_compose! {
    fn span()(
        ids in (trace_id(), 1_u64..1_000_000, prop::option::of(1_u64..50)),
        resource in (service(), prop::option::of("[12]"), fields()),
        name in name(),
        kind in kind(),
        times in (0_u64..200, 0_u64..100),
        flags in (any::<bool>(), any::<bool>()),
        tags in fields(),
        logs in prop::collection::vec((any::<u64>(), fields()), 0..2),
        links in prop::collection::vec(link(), 0..2),
    ) -> Span {
        let (service, version, mut process) = resource;
        process.extend(version.map(|version| ("service.version".into(), Value::from(version))));
        let mut span = Span::new(ids.0, SpanId::new(ids.1), Arc::new(Resource::new(service, process)), name);
        span.parent_id = ids.2.map(SpanId::new);
        span.kind = kind;
        (span.start_unix_ns, span.duration_ns) = times;
        (span.is_failed, span.is_shared) = flags;
        span.tags = tags;
        span.logs = logs.into_iter().map(|(unix_ns, fields)| Log::new(unix_ns, fields)).collect();
        span.links = links;
        span
    }
}

prop_compose! {
    fn term()(
        key in prop_oneof![Just("http.status_code"), Just("user.id"), Just("service.version"), Just("none")],
        value in prop::option::of(prop_oneof![value().prop_map(|value| value.to_string()), Just("+1".to_owned()), Just("1".to_owned())]),
        is_excluded in any::<bool>(),
    ) -> TagTerm {
        TagTerm { key: key.into(), value, is_excluded }
    }
}

prop_compose! {
    fn query()(
        names in (prop::option::weighted(0.2, service()), prop::option::weighted(0.2, name()), prop::option::weighted(0.1, "[123]")),
        kind in prop::option::weighted(0.2, kind()),
        status in prop_oneof![3 => Just(Status::Any), 1 => Just(Status::Failed), 1 => Just(Status::Ok)],
        durations in (prop::option::weighted(0.2, 0_u64..100), prop::option::weighted(0.2, 0_u64..100)),
        tags in prop::collection::vec(term(), 0..3),
        text in prop::option::weighted(0.3, prop_oneof![Just("gr"), Just("get"), Just("ab"), Just("2"), Just("STOCK"), Just("ü")]),
        trace_id in prop::option::weighted(0.1, trace_id()),
        times in (prop::option::weighted(0.2, 0_u64..200), prop::option::weighted(0.2, 0_u64..200)),
    ) -> Query {
        Query {
            service: names.0,
            operation: names.1,
            version: names.2,
            kind,
            status,
            min_duration_ns: durations.0,
            max_duration_ns: durations.1,
            tags,
            text: text.map(str::to_owned),
            trace_id,
            from_unix_ns: times.0,
            until_unix_ns: times.1,
            limit: 3,
            ..Query::default()
        }
    }
}

/// All pages of a query, one after the other.
fn pages(store: &Store, query: &Query) -> (Vec<TraceId>, usize) {
    let (mut query, mut ids) = (query.clone(), Vec::new());
    loop {
        let page = store.traces(&query);
        assert!(page.traces.len() <= query.limit);
        ids.extend(page.traces.iter().map(|row| row.id));
        match page.next {
            Some(next) => query.after = Some(next.to_string().parse().unwrap()),
            None => return (ids, page.total),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_query_finds_what_reading_every_span_finds(
        spans in prop::collection::vec(span(), 0..60),
        queries in prop::collection::vec(query(), 1..12),
        batch in 1_usize..20,
    ) {
        let store = Store::new(Store::MIN_MAX_BYTES);
        for batch in spans.chunks(batch) {
            store.insert(batch.to_vec());
        }
        for query in queries {
            let expected = naive::traces(&spans, &query);
            let (found, total) = pages(&store, &query);
            prop_assert_eq!(total, expected.len());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_trace_has_the_spans_that_were_inserted(spans in prop::collection::vec(span(), 0..60)) {
        let store = Store::new(Store::MIN_MAX_BYTES);
        // Twice, so that values come from the dictionary as well.
        let again: Vec<Span> = spans.iter().cloned().map(|mut span| { span.start_unix_ns += 1000; span }).collect();
        store.insert(spans.clone());
        store.insert(again.clone());
        let all: Vec<Span> = spans.into_iter().chain(again).collect();
        for id in all.iter().map(|span| span.trace_id) {
            let mut expected: Vec<String> = all.iter().filter(|span| span.trace_id == id).map(|span| format!("{span:?}")).collect();
            expected.sort();
            expected.dedup();
            let found = store.trace(id).unwrap();
            prop_assert_eq!(found.id, id);
            let mut found: Vec<String> = found.spans.into_iter().map(|mut span| {
                span.marks.is_duplicate = false;
                format!("{span:?}")
            }).collect();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}

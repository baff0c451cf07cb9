//! Configuration from the environment, which a table replaces here.

mod datadog;
mod disabled;
mod endpoints;
mod sampling;
mod spool;
mod table;
mod tail_sampling;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use opentracing_core::propagation::HttpHeaders;
use opentracing_core::{FinishedSpan, FlushError, Sampling, SpanContext, SpanId, TraceId, Tracer, Value};
use opentracing_reporter::{EnvConfig, FlushGuard, SendOutcome, SendReason, Transport};

const LONG: Duration = Duration::from_secs(20);

fn read(variables: &[(&str, &str)]) -> EnvConfig {
    EnvConfig::new(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

/// A span and its process as text.
#[derive(Debug, Default)]
struct Told {
    service: String,
    process: BTreeMap<String, String>,
    name: String,
    tags: BTreeMap<String, String>,
    trace: String,
    /// Of all logs together.
    fields: usize,
    references: usize,
}

struct Tell {
    waiting: usize,
    told: Sender<Told>,
}

impl Transport for Tell {
    fn name(&self) -> &'static str {
        "tell"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.waiting += 1;
        let told = Told {
            service: span.process().service().into(),
            process: span.process().tags().map(|(key, value)| (key.into(), value.to_string())).collect(),
            name: span.operation_name().into(),
            tags: span.tags().map(|(key, value)| (key.into(), value.to_string())).collect(),
            trace: span.context().trace_id().to_string(),
            fields: span.logs().map(|log| log.fields().count()).sum(),
            references: span.references().count(),
        };
        let _ = self.told.send(told);
    }

    fn pending(&self) -> usize {
        self.waiting
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        SendOutcome::sent(std::mem::take(&mut self.waiting))
    }
}

fn start(read: EnvConfig) -> (Tracer, FlushGuard, Receiver<Told>) {
    let (sender, told) = channel();
    let (tracer, guard) = read.transport(Tell { waiting: 0, told: sender }).start().expect("a thread");
    (tracer, guard, told)
}

/// One span of a tracer with these variables, as text.
fn told(variables: &[(&str, &str)]) -> Told {
    let (tracer, guard, told) = start(read(variables));
    let url = "http://a/?pin=1&key=2";
    let other = |id| SpanContext::new(TraceId::from_parts(1, 1), SpanId::new(id)).with_sampling(Sampling::Sampled);
    let (first, second, third) = (other(1), other(2), other(3));
    let mut builder = tracer.span("work");
    builder.new_trace().follows_from(&first).follows_from(&second).follows_from(&third);
    let mut span = builder.tag("text", "0123456789").start();
    span.set_tag("http.url", Value::Url(&[url])).set_tag("third", 3);
    span.log_kv(&[("a", 1), ("b", 2), ("c", 3)].map(|(key, value)| (key, Value::I64(value))));
    span.finish();
    assert_eq!(guard.close(LONG), Ok(()));
    told.recv().expect("the span")
}

#[track_caller]
fn check_warnings(variables: &[(&str, &str)], expected: &[&str]) {
    let found: Vec<String> = read(variables).warnings().iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{variables:?}");
}

#[test]
fn the_first_service_name_wins() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &str) {
        assert_eq!(told(variables).service, expected, "{variables:?}");
    }
    let all = [
        ("DD_TAGS", "service:t a:b"),
        ("DD_SERVICE", "d"),
        ("JAEGER_SERVICE_NAME", "j"),
        ("INSTANA_SERVICE_NAME", "i"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=r,a=b"),
        ("OTEL_SERVICE_NAME", "o"),
    ];
    for (last, expected) in ["t", "d", "j", "i", "r", "o"].iter().enumerate() {
        check(&all[..=last], expected);
    }
    check(&[("OTEL_SERVICE_NAME", " "), ("JAEGER_SERVICE_NAME", "j")], "j");
    let unnamed = told(&[]).service;
    assert!(unnamed.starts_with("unknown_service:it-"), "{unnamed}");
    let (tracer, guard, told) = start(read(&all).service("code"));
    tracer.span("work").start().finish();
    drop(guard);
    assert_eq!(told.recv().expect("the span").service, "code");
    let (tracer, _guard, _told) = start(read(&all).service(" "));
    assert!(tracer.process().is_some_and(|process| process.service().starts_with("unknown_service:it-")));
}

#[test]
fn process_tags_come_from_all_variables_and_the_first_value_wins() {
    let told = told(&[
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,team=a%20b%2Cc,service.name=x"),
        ("JAEGER_TAGS", "pod=${POD:none}, node=${NODE:n-1} ,zone=${ZONE},version=7,team=other"),
        ("POD", "pod-3"),
        ("DD_ENV", "staging"),
        ("DD_VERSION", "1.2.3"),
        ("DD_TAGS", "owner:eve@a:b, env:test,version:9,flag,team:none"),
        ("INSTANA_TAGS", "rack=7, canary,team=other"),
    ]);
    let tags: Vec<_> = told.process.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let expected = [
        "canary=",
        "deployment.environment.name=prod",
        "flag=",
        "node=n-1",
        "owner=eve@a:b",
        "pod=pod-3",
        "rack=7",
        "service.version=1.2.3",
        "team=a b,c",
        "version=7",
        "zone=",
    ];
    assert_eq!(tags, expected);
    check_warnings(
        &[("OTEL_RESOURCE_ATTRIBUTES", "x=1,a=b=c")],
        &["OTEL_RESOURCE_ATTRIBUTES is \"x=1,a=b=c\", not a list of key=value: ignoring it"],
    );
    check_warnings(
        &[("OTEL_RESOURCE_ATTRIBUTES", "a=%zz"), ("JAEGER_TAGS", "a,b=1")],
        &[
            "OTEL_RESOURCE_ATTRIBUTES is \"a=%zz\", not a list of key=value: ignoring it",
            "JAEGER_TAGS has \"a\", not a key=value pair: ignoring it",
        ],
    );
}

#[test]
fn formats_are_selected_by_name() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &[&str]) {
        let (tracer, _guard, _told) = start(read(variables));
        let mut headers = HashMap::new();
        let context = tracer.span("work").start().context().expect("a context");
        tracer.inject(&context, HttpHeaders, &mut headers).expect("it can be written");
        let names: BTreeSet<_> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), expected, "{variables:?}");
    }
    let all =
        ["traceparent", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid", "x-instana-l", "x-instana-s", "x-instana-t"];
    check(&[], &[&all[..1], &["tracestate"], &all[1..]].concat());
    check(&[("OTEL_PROPAGATORS", "tracecontext,baggage,tracecontext")], &["traceparent"]);
    check(&[("OTEL_PROPAGATORS", "none")], &[]);
    check(&[("OTEL_PROPAGATORS", "b3")], &["b3"]);
    check(&[("OTEL_PROPAGATORS", "b3multi")], &["x-b3-sampled", "x-b3-spanid", "x-b3-traceid"]);
    check(&[("JAEGER_PROPAGATION", "b3")], &["x-b3-sampled", "x-b3-spanid", "x-b3-traceid"]);
    check(&[("JAEGER_PROPAGATION", "w3c,jaeger")], &["traceparent", "uber-trace-id"]);
    check(&[("DD_TRACE_PROPAGATION_STYLE", "B3,TraceContext")], &["b3", "traceparent"]);
    check(&[("DD_TRACE_PROPAGATION_STYLE", "none")], &[]);
    check(&[("DD_TRACE_PROPAGATION_STYLE", "b3multi"), ("OTEL_PROPAGATORS", "b3")], &["b3"]);
    check(&[("OTEL_PROPAGATORS", "morse,jaeger"), ("JAEGER_PROPAGATION", "b3")], &["uber-trace-id"]);
    check_warnings(
        &[("OTEL_PROPAGATORS", "morse,jaeger")],
        &["OTEL_PROPAGATORS has \"morse\", which is not supported: ignoring it"],
    );
}

#[test]
fn flags_of_traceparent_and_its_kin_can_be_set() {
    // What comes in is kept or not, and what goes out in `traceparent`.
    let sent = |variables: &[_], incoming: &[(&str, &str)]| {
        let mut all = vec![("OTEL_PROPAGATORS", "tracecontext,gcp,xray")];
        all.extend_from_slice(variables);
        let (tracer, _guard, _told) = start(read(&all));
        let headers: HashMap<String, String> =
            incoming.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let parent = tracer.extract(HttpHeaders, &headers).expect("it can be read");
        let context = tracer.span("work").child_of(&parent).start().context().expect("a context");
        let mut out = HashMap::new();
        tracer.inject(&context, HttpHeaders, &mut out).expect("it can be written");
        out["traceparent"].rsplit('-').next().unwrap_or_default().to_owned()
    };
    let unsampled = [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
        ("X-Cloud-Trace-Context", "4bf92f3577b34da6a3ce929d0e0e4736/1;o=0"),
        ("X-Amzn-Trace-Id", "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=0"),
    ];
    for header in unsampled {
        assert_eq!(sent(&[], &[header]), "00", "{header:?}");
        assert_eq!(sent(&[("OPENTRACING_UNSAMPLED_PARENT", "honor")], &[header]), "00", "{header:?}");
        assert_eq!(sent(&[("OPENTRACING_UNSAMPLED_PARENT", "defer")], &[header]), "01", "{header:?}");
    }
    assert_eq!(sent(&[], &[]), "01");
    assert_eq!(sent(&[("OPENTRACING_RANDOM_FLAG", "always")], &[]), "03");
    check_warnings(
        &[("OPENTRACING_UNSAMPLED_PARENT", "no"), ("OPENTRACING_RANDOM_FLAG", "yes")],
        &[
            "OPENTRACING_UNSAMPLED_PARENT is \"no\", neither honor nor defer: using honor",
            "OPENTRACING_RANDOM_FLAG is \"yes\", neither received nor always: using received",
        ],
    );
}

#[test]
fn instana_trace_correlation_can_be_disabled() {
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let followed = |variables: &[_]| {
        let (tracer, _guard, _told) = start(read(variables));
        let headers = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
        let parent = tracer.extract(HttpHeaders, &headers).expect("it can be read");
        let context = tracer.span("work").child_of(&parent).start().context().expect("a context");
        context.trace_id().to_string() == traceparent[3..35]
    };
    assert!(followed(&[]));
    assert!(!followed(&[("INSTANA_DISABLE_W3C_TRACE_CORRELATION", "yes")]));
}

#[test]
fn limits_id_width_and_secrets_are_set() {
    let plain = told(&[]);
    assert_eq!(
        (plain.tags["text"].len(), plain.tags.len(), plain.trace.starts_with("0000000000000000")),
        (10, 3, false)
    );
    assert_eq!((plain.fields, plain.references), (3, 3));
    let few = told(&[("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "2"), ("OTEL_SPAN_LINK_COUNT_LIMIT", "1")]);
    assert_eq!((few.fields, few.references, few.tags.len()), (2, 1, 3));
    let few = told(&[("OTEL_ATTRIBUTE_COUNT_LIMIT", "1")]);
    assert_eq!((few.fields, few.references, few.tags.len()), (1, 3, 1));
    check_warnings(
        &[("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "70000"), ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0")],
        &[
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT is 70000, more than 65535: using 65535",
            "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT is 0, but a link has the attribute opentracing.ref_type: writing it",
        ],
    );
    assert_eq!(plain.tags["http.url"], "http://a/?pin=1&key=<redacted>");
    let cut = told(&[
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "2"),
        ("JAEGER_TRACEID_128BIT", "false"),
    ]);
    assert_eq!((&*cut.tags["text"], cut.tags.len(), cut.trace.starts_with("0000000000000000")), ("0123", 2, true));
    assert_eq!(told(&[("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")]).tags["text"], "012");
    assert_eq!(told(&[("INSTANA_SECRETS", "equals:pin")]).tags["http.url"], "http://a/?pin=<redacted>&key=2");
    check_warnings(
        &[("INSTANA_SECRETS", "sometimes:pin"), ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many")],
        &[
            "INSTANA_SECRETS is \"sometimes:pin\", not a matcher with a list of names: using the default",
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT is \"many\", not a number: using 128",
        ],
    );
}

/// Keeps spans until it is flushed.
struct Keep(usize);

impl Transport for Keep {
    fn name(&self) -> &'static str {
        "keep"
    }

    fn add(&mut self, _: FinishedSpan<'_>) {
        self.0 += 1;
    }

    fn pending(&self) -> usize {
        self.0
    }

    fn send(&mut self, reason: SendReason, _: Instant) -> SendOutcome {
        if reason == SendReason::Flush { SendOutcome::sent(std::mem::take(&mut self.0)) } else { SendOutcome::none() }
    }
}

#[test]
fn queue_settings_are_applied() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: u64) {
        let (tracer, guard) = read(variables).transport(Keep(0)).start().expect("a thread");
        (0..100).for_each(|_| tracer.span("work").start().finish());
        let lost = if expected == 0 { Ok(()) } else { Err(FlushError::Failed) };
        assert_eq!(guard.close(LONG), lost, "{variables:?}");
        let stats = tracer.stats().reporter;
        assert_eq!((stats.dropped_queue_full, stats.sent), (expected, 100 - expected), "{variables:?}");
    }
    check(&[("OTEL_BSP_MAX_QUEUE_SIZE", "10")], 90);
    check(&[("JAEGER_REPORTER_MAX_QUEUE_SIZE", "20")], 80);
    check(&[("JAEGER_REPORTER_MAX_QUEUE_SIZE", "20"), ("OTEL_BSP_MAX_QUEUE_SIZE", "30")], 70);
    check(&[("OTEL_BSP_MAX_QUEUE_SIZE", "0")], 0);
    check_warnings(
        &[("OTEL_BSP_MAX_QUEUE_SIZE", "0"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-1")],
        &[
            "OTEL_BSP_MAX_QUEUE_SIZE is 0, but must be at least 1: using the default",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is \"-1\", not a number of spans: using the default",
        ],
    );
    for fine in ["1s", "500ms", "1m30s", "1.5h", "250"] {
        check_warnings(&[("JAEGER_REPORTER_FLUSH_INTERVAL", fine)], &[]);
    }
    check_warnings(
        &[("JAEGER_REPORTER_FLUSH_INTERVAL", "1 week")],
        &["JAEGER_REPORTER_FLUSH_INTERVAL is \"1 week\", not a duration such as 1s or 500ms: using the default"],
    );
}

#[test]
fn transports_are_selected_by_name_or_by_address() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &str) {
        let described = format!("{:?}", read(variables));
        assert!(described.contains(&format!("transports: {expected}")), "{variables:?}: {described}");
    }
    const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
    check(&[], r#"["otlp"]"#);
    check(&[(EXPORTER, "none")], "[]");
    check(&[(EXPORTER, "console, OTLP")], r#"["console", "otlp"]"#);
    check(&[(EXPORTER, "otlp/stdout,otlp_file")], r#"["otlp-file", "otlp-file"]"#);
    check(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")], r#"["otlp-json"]"#);
    check(&[(EXPORTER, "smoke")], r#"["otlp"]"#);
    check(&[(EXPORTER, "zipkin,jaeger,instana")], r#"["zipkin", "jaeger-udp", "instana"]"#);
    check(&[("JAEGER_AGENT_HOST", "::1")], r#"["jaeger-udp"]"#);
    check(&[("JAEGER_ENDPOINT", "http://a/"), ("INSTANA_AGENT_HOST", "h")], r#"["instana"]"#);
    check(&[("INSTANA_ENDPOINT_URL", "http://a"), ("INSTANA_AGENT_KEY", "k")], r#"["instana-serverless"]"#);
    check(&[("JAEGER_ENDPOINT", "http://a/"), (EXPORTER, "otlp")], r#"["otlp"]"#);
    check_warnings(
        &[(EXPORTER, "smoke,none")],
        &["OTEL_TRACES_EXPORTER has \"smoke\", which is not supported: ignoring it"],
    );
    check_warnings(
        &[("INSTANA_ENDPOINT_URL", "http://a")],
        &["INSTANA_ENDPOINT_URL is set without INSTANA_AGENT_KEY: using the agent of this host"],
    );
    check_warnings(
        &[("JAEGER_ENDPOINT", "http://a/"), ("JAEGER_USER", "u")],
        &["JAEGER_USER is set without JAEGER_PASSWORD: using neither"],
    );
    check_warnings(
        &[("JAEGER_AGENT_HOST", "h"), ("JAEGER_AGENT_PORT", "x")],
        &["JAEGER_AGENT_PORT is \"x\", not a port: using 6831"],
    );
    let (tracer, guard) = read(&[(EXPORTER, "none")]).start().expect("a thread");
    tracer.span("work").start().finish();
    assert_eq!(guard.close(LONG), Ok(()));
    assert_eq!((tracer.stats().delivered, tracer.stats().lost()), (1, 0));
}

#[test]
fn settings_in_code_win() {
    let variables = [("OTEL_TRACES_SAMPLER", "always_off"), ("OTEL_BSP_MAX_QUEUE_SIZE", "1")];
    let on = |tracer: opentracing_core::TracerBuilder| tracer.sampler(opentracing_core::ConstSampler::on());
    let read = read(&variables).tracer(on).reporter(|reporter| reporter.queue_size(1000));
    let (tracer, guard) = read.transport(Keep(0)).start().expect("a thread");
    (0..10).for_each(|_| tracer.span("work").start().finish());
    assert_eq!(guard.close(LONG), Ok(()));
    assert_eq!((tracer.stats().reporter.dropped_queue_full, tracer.stats().reporter.sent), (0, 10));
}

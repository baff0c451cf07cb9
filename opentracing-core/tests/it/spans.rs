//! What a span keeps: the requirements S1 to S16 and F1 to F4 of the OpenTracing specification and its language interfaces. F1 is a
//! program that does not compile, on the page of `Span`.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentracing_core::mock::MockTracer;
use opentracing_core::{FinishOptions, SpanKind, Value, logs, tags};

#[test]
fn records_a_tree_of_spans_with_tags_and_logs() {
    let mock = MockTracer::new();
    {
        let scope = mock.tracer().span("GET /cart").kind(SpanKind::Server).tag("user", 7).start_active();
        scope.span().set_tag("cart.size", 3).log("cart loaded");
        let mut charge = mock.tracer().span("charge").kind(SpanKind::Client).start();
        charge.set_tag("error", true).set_tag("amount", 9.5);
    }
    mock.assert_tree(
        "
        GET /cart (server)
          charge (client) !
        ",
    );
    let root = mock.span("GET /cart");
    assert_eq!(root.tag("user"), Some(Value::I64(7)));
    assert_eq!(root.tag("cart.size"), Some(Value::I64(3)));
    assert_eq!(root.logs[0].field("event"), Some(Value::Str("cart loaded")));
    assert_eq!(mock.tracer().stats().delivered, 2);
}

#[test]
fn s1_context_is_the_same_before_and_after_finish() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("work").start().detach();
    let before = span.context();
    span.finish();
    assert!(before.is_some());
    assert_eq!(span.context(), before);
}

#[test]
fn s2_reports_the_last_operation_name() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("first").start();
    span.set_operation_name("second").set_operation_name(&format!("third {}", 3));
    span.finish();
    mock.assert_tree("third 3");
}

#[test]
fn t3_s3_keeps_explicit_times_to_the_nanosecond() {
    let mock = MockTracer::new();
    let start = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000, 123_456_789);
    mock.tracer().span("work").start_time(start).start().finish_at(start + Duration::from_micros(1500));
    let span = mock.span("work");
    assert_eq!(span.start_unix_ns, 1_500_000_000_123_456_789);
    assert_eq!(span.duration(), Duration::from_micros(1500));
}

#[test]
fn t3_starts_and_finishes_at_the_present_time_by_default() {
    let before = SystemTime::now();
    let keep = Keep::default();
    let tracer = opentracing_core::Tracer::builder("clock").build_inline(keep.clone());
    tracer.span("work").start().finish();
    tracer.flush(Duration::from_secs(1)).unwrap();
    let after = SystemTime::now();
    let spans = keep.0.lock().unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(spans[0].start_unix_ns);
    // The anchor between ticks and wall time is taken when draining: it may be off by the clock's correction meanwhile.
    let slack = Duration::from_millis(5);
    assert!(before - slack <= start && start <= after + slack, "{before:?} {start:?} {after:?}");
}

#[test]
fn s4_a_finish_before_the_start_makes_no_duration_and_is_counted() {
    let mock = MockTracer::new();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
    mock.tracer().span("work").start_time(start).start().finish_at(start - Duration::from_secs(1));
    assert_eq!(mock.span("work").duration_ns, 0);
    assert_eq!(mock.tracer().stats().finished_before_start, 1);
}

#[test]
fn s5_keeps_each_type_of_tag_value() {
    let mock = MockTracer::new();
    let text = String::from("owned");
    let mut span = mock.tracer().span("work").start();
    span.set_tag("bool", true)
        .set_tag("i64", -5)
        .set_tag("u64", u64::MAX)
        .set_tag("f64", 1.5)
        .set_tag("static", Value::Static("text"))
        .set_tag("str", "text")
        .set_tag("owned", &text)
        .set_tag(&format!("key {}", 1), "made")
        .set_tag("url", Value::Url(&["http://", "shop", "/pay"]));
    span.finish();
    let span = mock.span("work");
    for (key, expected) in [
        ("bool", Value::Bool(true)),
        ("i64", Value::I64(-5)),
        ("u64", Value::U64(u64::MAX)),
        ("f64", Value::F64(1.5)),
        ("static", Value::Str("text")),
        ("str", Value::Str("text")),
        ("owned", Value::Str("owned")),
        ("key 1", Value::Str("made")),
        ("url", Value::Str("http://shop/pay")),
    ] {
        assert_eq!(span.tag(key), Some(expected), "{key}");
    }
    assert_eq!(span.tags.len(), 9);
}

#[test]
fn s6_the_last_value_of_a_key_wins() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("work").tag("attempt", 1).start();
    span.set_tag("attempt", 2).set_tag("other", true).set_tag("attempt", "three");
    span.finish();
    let span = mock.span("work");
    assert_eq!(span.tag("attempt"), Some(Value::Str("three")));
    assert_eq!(span.tags.len(), 2);
}

#[test]
fn s7_keeps_logs_with_fields_and_times() {
    let mock = MockTracer::new();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
    let mut span = mock.tracer().span("work").start();
    span.log_kv(&[(logs::EVENT, "retry".into()), ("attempt", 2.into()), ("pause", 0.5.into())]);
    span.log_kv_at(at, &[(logs::EVENT, "earlier".into())]);
    span.log("done");
    span.finish();
    let span = mock.span("work");
    assert_eq!(span.logs.len(), 3);
    assert_eq!(span.logs[0].field("attempt"), Some(Value::I64(2)));
    assert_eq!(span.logs[0].fields.len(), 3);
    assert_eq!(span.logs[1].unix_ns, 7_000_000_000);
    assert_eq!(span.logs[2].field("event"), Some(Value::Str("done")));
    assert!(span.start_unix_ns <= span.logs[0].unix_ns && span.logs[0].unix_ns <= span.end_unix_ns());
}

#[test]
fn s7_a_log_outside_of_its_span_stays_as_it_is_and_is_counted() {
    #[track_caller]
    fn check(log_s: u64, counted: u64) {
        let mock = MockTracer::new();
        let at = |s| SystemTime::UNIX_EPOCH + Duration::from_secs(s);
        let mut span = mock.tracer().span("work").start_time(at(100)).start();
        let no_fields: [(&str, Value<'_>); 0] = [];
        span.log_kv_at(at(log_s), &no_fields).log_kv_at(at(105), &no_fields);
        span.finish_at(at(110));
        assert_eq!(mock.span("work").logs[0].unix_ns, log_s * 1_000_000_000);
        assert_eq!(mock.tracer().stats().logs_out_of_range, counted, "{log_s}");
    }
    check(99, 1);
    check(100, 0);
    check(110, 0);
    check(111, 1);
}

#[test]
fn s8_logs_can_be_given_at_the_finish() {
    let mock = MockTracer::new();
    let at = |s| SystemTime::UNIX_EPOCH + Duration::from_secs(s);
    let fields = [("attempt", Value::I64(1))];
    let logs = [(at(2001), &fields[..]), (at(2002), &[("attempt", Value::I64(2)), ("last", Value::Bool(true))])];
    let start = || mock.tracer().span("work").start_time(at(2000)).start();
    start().finish_with(FinishOptions::new().at(at(2003)).logs(&logs));
    start().detach().finish_with(FinishOptions::new().at(at(2003)).logs(&logs));
    start().finish_with(FinishOptions::new());
    let spans = mock.finished_spans();
    for span in &spans[..2] {
        assert_eq!(span.duration(), Duration::from_secs(3));
        assert_eq!(span.logs.iter().map(|log| log.unix_ns / 1_000_000_000).collect::<Vec<_>>(), [2001, 2002]);
        assert_eq!(span.logs[1].field("last"), Some(Value::Bool(true)));
    }
    assert!(spans[2].logs.is_empty());
}

#[test]
fn s9_baggage_reaches_the_descendants() {
    let mock = MockTracer::new();
    let mut root = mock.tracer().span("root").start();
    root.set_baggage_item("tenant", "acme");
    let child = mock.tracer().span("child").child_of(&root).start();
    let grandchild = mock.tracer().span("grandchild").child_of(&child).start();
    assert_eq!(grandchild.baggage_item("tenant").as_deref(), Some("acme"));
}

#[test]
fn s10_only_later_children_see_baggage() {
    let mock = MockTracer::new();
    let mut root = mock.tracer().span("root").start();
    let before = mock.tracer().span("before").child_of(&root).start();
    root.set_baggage_item("tenant", "acme");
    let after = mock.tracer().span("after").child_of(&root).start();
    assert_eq!(before.baggage_item("tenant"), None);
    assert_eq!(after.baggage_item("tenant").as_deref(), Some("acme"));
}

#[test]
fn s11_a_missing_baggage_item_is_none() {
    let mock = MockTracer::new();
    assert_eq!(mock.tracer().span("root").start().baggage_item("nobody"), None);
}

#[test]
fn s12_every_setter_returns_the_same_span() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("work").start();
    span.set_tag("a", 1)
        .set_tag("a", 2)
        .log("b")
        .set_baggage_item("c", "d")
        .set_operation_name("named")
        .set_kind(SpanKind::Client);
    let shared = span.share();
    let same = shared.set_tag("e", 3).set_baggage_item("f", "g");
    assert!(std::ptr::eq(same, &shared));
    span.finish();
    mock.assert_tree("named (client)");
}

#[test]
fn s13_a_span_knows_its_tracer() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("outer").start();
    span.tracer().span("inner").child_of(&span).start().finish();
    drop(span);
    mock.assert_tree("outer\n  inner");
}

#[test]
fn s14_keeps_unicode() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("Bücher суп 🛒").start();
    span.set_tag("unicode_key_\u{200b}", "unicode_val_\u{200b}")
        .set_tag(&String::from("schlüssel"), String::from("wört"));
    span.finish();
    let span = mock.span("Bücher суп 🛒");
    assert_eq!(span.tag("unicode_key_\u{200b}"), Some(Value::Str("unicode_val_\u{200b}")));
    assert_eq!(span.tag("schlüssel"), Some(Value::Str("wört")));
}

#[test]
fn s15_a_panic_marks_the_span() {
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    let outcome = std::thread::spawn(move || {
        let _scope = tracer.span("work").start_active();
        panic!("on purpose");
    })
    .join();
    assert!(outcome.is_err());
    let span = mock.span("work");
    assert_eq!(span.tag("error"), Some(Value::Bool(true)));
    assert_eq!(span.logs.len(), 1);
    assert_eq!(span.logs[0].field("event"), Some(Value::Str("error")));
    assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str("panic")));
}

#[test]
fn s15_a_panic_that_is_caught_outside_of_a_scope_marks_the_span_once() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("work").start();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| span.in_scope(|| panic!("on purpose"))));
    assert!(outcome.is_err());
    span.finish();
    let span = mock.span("work");
    assert!(span.is_failed);
    assert_eq!(span.logs.len(), 1);
}

#[test]
fn s15_a_panic_marks_the_span_of_a_handle_once() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("work").start().detach();
    for _ in 0..2 {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| span.in_scope(|| panic!("on purpose"))));
        assert!(outcome.is_err());
    }
    assert!(!span.is_finished());
    span.finish();
    mock.assert_tree("work !");
    assert_eq!(mock.span("work").logs.len(), 1);
}

#[test]
fn s15_a_span_that_a_destructor_makes_during_a_panic_has_not_failed() {
    struct CleanUp(opentracing_core::Tracer);
    impl Drop for CleanUp {
        fn drop(&mut self) {
            self.0.span("clean up").start().finish();
        }
    }
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    let outcome = std::thread::spawn(move || {
        let _clean_up = CleanUp(tracer);
        panic!("on purpose");
    })
    .join();
    assert!(outcome.is_err());
    assert!(!mock.span("clean up").is_failed);
}

#[test]
fn s16_the_error_tag_and_error_logs_are_independent() {
    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bad amount")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Outer("x".parse::<i32>().unwrap_err());
    let mock = MockTracer::new();
    mock.tracer().span("caught").start().log_error(&error);
    mock.tracer().span("tagged").start().set(tags::ERROR, true);
    mock.tracer().span("untagged").start().set(tags::ERROR, true).set(tags::ERROR, false);
    mock.tracer().span("marked").start().mark_error(&error);
    mock.assert_tree("caught\ntagged !\nuntagged\nmarked !");
    let caught = mock.span("caught");
    assert_eq!(caught.tag("error"), None);
    assert_eq!(caught.logs[0].field("message"), Some(Value::Str("bad amount")));
    assert_eq!(caught.logs[0].field("stack"), Some(Value::Str("caused by: invalid digit found in string")));
    assert!(mock.span("tagged").logs.is_empty());
}

#[test]
fn f2_the_second_finish_does_nothing_and_is_counted() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("work").start().detach();
    span.finish();
    span.finish();
    assert!(span.is_finished());
    assert_eq!(mock.finished_spans().len(), 1);
    assert_eq!(mock.tracer().stats().write_after_finish, 1);
}

#[test]
fn f3_writing_after_the_finish_changes_nothing_and_is_counted() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("work").start().detach();
    span.finish();
    span.set_tag("late", 1).set_operation_name("late").log("late").set_baggage_item("late", "late");
    mock.assert_tree("work");
    let finished = mock.span("work");
    assert!(finished.tags.is_empty() && finished.logs.is_empty());
    assert_eq!(span.baggage_item("late"), None);
    assert_eq!(mock.tracer().stats().write_after_finish, 4);
}

#[test]
fn f4_a_span_that_finishes_after_the_tracer_was_closed_is_counted() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("late").start();
    mock.tracer().close(Duration::from_secs(1)).unwrap();
    mock.tracer().close(Duration::from_secs(1)).unwrap();
    span.finish();
    assert!(mock.finished_spans().is_empty());
    assert_eq!(mock.tracer().stats().dropped_shutdown, 1);
    assert_eq!(mock.tracer().stats().lost(), 1);
}

#[test]
fn the_kind_may_be_given_as_a_tag() {
    #[track_caller]
    fn check(value: &str, expected: SpanKind) {
        let mock = MockTracer::new();
        mock.tracer().span("at start").tag("span.kind", value).start().finish();
        mock.tracer().span("late").start().set(tags::SPAN_KIND, value);
        for name in ["at start", "late"] {
            assert_eq!(mock.span(name).kind, expected, "{name}");
        }
    }
    check("server", SpanKind::Server);
    check("CLIENT", SpanKind::Client);
    check("producer", SpanKind::Producer);
    check("consumer", SpanKind::Consumer);
    check("entry", SpanKind::Server);
    check("exit", SpanKind::Client);
    check("something else", SpanKind::Internal);
}

#[test]
fn a_url_loses_its_secrets_before_the_reporter_sees_it() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("call").start();
    span.set_tag("http.url", Value::Url(&["http://", "me:pw@shop", "/pay", "?token=", "41&page=2"]));
    span.log_kv(&[("event", "redirect".into()), ("location", Value::Url(&["/login?password=x"]))]);
    span.finish();
    let span = mock.span("call");
    assert_eq!(span.tag("http.url"), Some(Value::Str("http://shop/pay?token=<redacted>&page=2")));
    assert_eq!(span.logs[0].field("location"), Some(Value::Str("/login?password=<redacted>")));
}

#[test]
fn a_derived_peer_service_is_marked() {
    let mock = MockTracer::new();
    mock.tracer().span("derived").start().set_derived_peer_service("catalog.internal");
    mock.tracer().span("given").start().set(tags::PEER_SERVICE, "catalog");
    assert!(mock.span("derived").is_peer_service_derived);
    assert_eq!(mock.span("derived").tag("peer.service"), Some(Value::Str("catalog.internal")));
    assert!(!mock.span("given").is_peer_service_derived);
}

#[derive(Clone, Default)]
struct Keep(std::sync::Arc<std::sync::Mutex<Vec<opentracing_core::OwnedSpan>>>);

impl opentracing_core::Reporter for Keep {
    fn report(&mut self, batch: opentracing_core::Batch<'_>) {
        self.0.lock().unwrap().extend(batch.iter().map(opentracing_core::OwnedSpan::from));
    }
}

#[test]
fn the_urls_within_a_message_lose_the_secrets_that_the_tracer_knows() {
    let mock = MockTracer::with(|builder| builder.secrets("equals:card".parse().unwrap()));
    let text = "cannot reach http://me:pw@shop/pay?card=41&token=7, giving up";
    let redacted = "cannot reach http://shop/pay?card=<redacted>&token=7, giving up";
    let mut span = mock.tracer().span("call").start();
    span.set_tag("reason", Value::Message(text)).log_error(&std::io::Error::other(text));
    span.set_tag("reason as text", text).log_kv(&[("reason", Value::Str(text))]);
    span.finish();
    let span = mock.span("call");
    assert_eq!(span.tag("reason"), Some(Value::Str(redacted)));
    assert_eq!(span.logs[0].field("message"), Some(Value::Str(redacted)));
    assert_eq!(span.tag("reason as text"), Some(Value::Str(redacted)));
    assert_eq!(span.logs[1].field("reason"), Some(Value::Str(redacted)));
}

#[test]
fn tags_take_all_common_types() {
    macro_rules! check {
        ($value:expr, $expected:expr) => {{
            let mock = MockTracer::new();
            let mut span = mock.tracer().span("work").tag("first", $value).start();
            span.set_tag("then", $value).set_tag_with("lazy", || $value);
            span.finish();
            let span = mock.span("work");
            for key in ["first", "then", "lazy"] {
                assert_eq!(span.tag(key), Some(Value::from($expected)), "{key} of {}", stringify!($value));
            }
        }};
    }
    let text = String::from("text");
    check!(&text, "text");
    check!(true, true);
    check!(7_u16, 7);
    check!('ß', "ß");
    check!(u128::MAX, "340282366920938463463374607431768211455");
    check!(-1_i128, "-1");
    check!("127.0.0.1:80".parse::<SocketAddr>().unwrap(), "127.0.0.1:80");
    check!("::1".parse::<IpAddr>().unwrap(), "::1");
    check!(Duration::from_millis(1_500), 1_500.0);
    check!(String::from("text"), "text");
    check!(format!("{}-{}", 1, 2), "1-2");
    check!(Cow::Borrowed("lent"), "lent");
    check!(Cow::<str>::Owned("own".to_owned()), "own");
    check!(Arc::<str>::from("shared"), "shared");
    check!(Box::<str>::from("boxed"), "boxed");
    check!(Some("given"), "given");
    check!(Some(format!("{}", 3)), "3");
    check!(Value::from(1), 1);
}

#[test]
fn no_value_is_no_tag() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("work").tag("first", None::<&str>).tag("error", None::<bool>).start();
    span.set_tag("then", None::<i64>).set_tag_with("lazy", || None::<String>);
    span.finish();
    assert!(mock.span("work").tags.is_empty() && !mock.span("work").is_failed);
}

#[test]
fn the_last_value_of_a_key_counts_whatever_owns_it() {
    let mock = MockTracer::new();
    let mut builder = mock.tracer().span("work");
    builder.tag("a", "lent").tag("a", format!("{}", 1)).tag("b", format!("{}", 2)).tag("b", "lent");
    builder.tag("span.kind", "client".to_owned()).tag("error", "true".to_owned());
    builder.start().finish();
    let span = mock.span("work");
    assert_eq!((span.tag("a"), span.tag("b")), (Some("1".into()), Some("lent".into())));
    assert!(span.kind == SpanKind::Client && span.is_failed);
    let many = (0..9).fold(mock.tracer().span("many"), |mut builder, n| {
        builder.tag("n", n).tag("text", n.to_string());
        builder
    });
    drop({ many }.start());
    let span = mock.span("many");
    assert_eq!((span.tag("n"), span.tag("text")), (Some(8.into()), Some("8".into())));
}

#[test]
fn a_name_is_given_by_whatever_owns_it() {
    let mock = MockTracer::new();
    let name = String::from("made");
    mock.tracer().span(name.clone()).start().finish();
    mock.tracer().span(format!("{name} {}", 1)).start().finish();
    mock.tracer().span(Cow::from("cow")).start().finish();
    mock.tracer().span(Box::<str>::from("boxed")).start().finish();
    mock.tracer().span(Arc::<str>::from("shared")).start().finish();
    let names: Vec<_> = mock.finished_spans().into_iter().map(|span| span.operation_name).collect();
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["made", "made 1", "cow", "boxed", "shared"]);
}

#[test]
fn a_standard_tag_takes_the_types_that_programs_have() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("call").start();
    span.set(tags::HTTP_STATUS_CODE, 200_u16)
        .set(tags::PEER_PORT, 443)
        .set(tags::HTTP_RESPONSE_BODY_SIZE, 7_usize)
        .set(tags::SQLX_POOL_WAIT_MS, std::time::Duration::from_micros(1500))
        .set(tags::HTTP_METHOD, String::from("GET"))
        .set(tags::HTTP_ROUTE, Some(&String::from("/users/{id}")))
        .set(tags::PEER_SERVICE, None::<&str>)
        .set(tags::ERROR, false);
    span.finish();
    let span = mock.span("call");
    assert_eq!(span.tag("http.status_code"), Some(Value::I64(200)));
    assert_eq!(span.tag("peer.port"), Some(Value::I64(443)));
    assert_eq!(span.tag("sqlx.pool_wait_ms"), Some(Value::F64(1.5)));
    assert_eq!((span.tag("http.method"), span.tag("http.route")), (Some("GET".into()), Some("/users/{id}".into())));
    assert_eq!((span.tag("peer.service"), span.tag("error")), (None, Some(Value::Bool(false))));
}

#[test]
fn names_and_events_that_are_no_literals_are_given_by_reference() {
    #[expect(
        clippy::needless_borrows_for_generic_args,
        reason = "the lint does not see that only a literal may be given by value"
    )]
    fn run(tracer: &opentracing_core::Tracer, name: &str, key: &str) {
        let mut span = tracer.span(&name).tag(&key, 1).start();
        span.set_tag(&format!("{key}2"), 2).log(&name).log("literal");
        span.log_kv(&[(&key, name.into()), (&"literal", 1.into())]);
        span.finish();
    }
    let mock = MockTracer::new();
    run(mock.tracer(), &String::from("made"), &String::from("key"));
    let span = mock.span("made");
    assert_eq!((span.tag("key"), span.tag("key2")), (Some(1.into()), Some(2.into())));
    let events: Vec<_> = span.logs.iter().filter_map(|log| log.field("event")).collect();
    assert_eq!(events, ["made".into(), "literal".into()]);
    assert_eq!((span.logs[2].field("key"), span.logs[2].field("literal")), (Some("made".into()), Some(1.into())));
}

//! The rules that messaging adapters share, and what carriers of adapters build on.

use opentracing_core::message_rules::{
    Attempts, ContextFit, ContextHeaders, HandlerOutcome, HandlerOutput, Handling, MessageHeaderTags, MessageHeaders,
    handle_blocking,
};
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{
    Field, HttpHeaders, KafkaHeaders, TextMap, TextMapReader, TextMapWriter, has_prefix,
};
use opentracing_core::{MessageEvent, Text, Tracer};

#[test]
fn captured_headers_have_tags() {
    let mut tags = MessageHeaderTags::new();
    assert!(tags.is_empty());
    tags.add("X-Tenant");
    tags.add("retries");
    assert!(!tags.is_empty());
    let rows: [(&[u8], Option<&str>); 6] = [
        (b"X-Tenant", Some("messaging.header.x-tenant")),
        (b"x-TENANT", Some("messaging.header.x-tenant")),
        (b"retries", Some("messaging.header.retries")),
        (b"X-Tenant-Id", None),
        (b"\xff", None),
        (b"", None),
    ];
    for (name, expected) in rows {
        assert_eq!(tags.tag(name), expected.map(Text::Copied), "{name:?}");
    }
}

#[test]
fn handlers_fail_with_an_error() {
    fn failure(output: impl HandlerOutput) -> Option<String> {
        output.failure().map(ToString::to_string)
    }
    assert_eq!(failure(()), None);
    assert_eq!(failure(Ok::<_, &str>(1)), None);
    assert_eq!(failure(Err::<(), _>("full")), Some("full".to_owned()));
}

/// A carrier that implements only what it must.
struct Pairs(&'static [(&'static str, &'static str)]);

impl TextMapReader for Pairs {
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value.as_bytes()));
    }
}

#[test]
fn carriers_find_fields_in_any_letter_case_by_default() {
    let mock = MockTracer::new();
    let carrier =
        Pairs(&[("tenant", "blue"), ("TraceParent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]);
    let context = mock.tracer().extract(TextMap, &carrier).unwrap().expect("a context");
    assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
}

#[test]
fn prefixes_match_in_any_letter_case() {
    for (name, prefix, expected) in [
        ("uberctx-user", "uberctx-", true),
        ("UberCtx-user", "uberctx-", true),
        ("uberctx-", "uberctx-", true),
        ("uberctx", "uberctx-", false),
        ("user-uberctx-", "uberctx-", false),
        ("", "uberctx-", false),
        ("anything", "", true),
        ("ü", "\u{c3}", false),
    ] {
        assert_eq!(has_prefix(name, prefix), expected, "{name:?} {prefix:?}");
    }
}

/// Injects a context with baggage and a long `tracestate` in the default formats.
fn context_headers(mut headers: ContextHeaders) -> ContextHeaders {
    let mock = MockTracer::new();
    let incoming = vec![
        ("traceparent".to_owned(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        ("tracestate".to_owned(), format!("vendor={}", "v".repeat(200))),
    ];
    let parent = mock.tracer().extract(TextMap, &incoming).unwrap();
    let mut span = mock.tracer().span("send").child_of(&parent).start();
    span.set_baggage_item("tenant", &"b".repeat(300));
    mock.tracer().inject(&span.context().unwrap(), KafkaHeaders, &mut headers).unwrap();
    headers
}

#[test]
fn a_context_that_does_not_fit_keeps_traceparent_longest() {
    let size = |name: &str, value: &[u8]| name.len() + value.len();
    let whole = context_headers(ContextHeaders::new());
    let total: usize = whole.iter().map(|(name, value)| size(name, value)).sum();
    let instana: &[&str] = &["X_INSTANA_L_S", "X_INSTANA_T", "X_INSTANA_S"];
    let rows: [(usize, ContextFit, &[&[&str]]); 7] = [
        (total, ContextFit::Whole, &[instana, &["traceparent", "tracestate", "b3", "baggage"]]),
        (total - 1, ContextFit::Shortened, &[instana, &["traceparent", "tracestate", "b3"]]),
        (total - 307 - 7, ContextFit::Shortened, &[instana, &["traceparent", "tracestate", "b3"]]),
        (total - 307 - 8, ContextFit::Shortened, &[instana, &["traceparent", "b3"]]),
        (200, ContextFit::Shortened, &[instana, &["traceparent"]]),
        (66, ContextFit::Shortened, &[&["traceparent"]]),
        (65, ContextFit::LeftOut, &[]),
    ];
    for (room, fit, names) in rows {
        let mut headers = whole.clone();
        assert_eq!(headers.fit(room, size), fit, "{room}");
        let left: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!(left, names.concat(), "{room}");
        assert!(headers.iter().map(|(name, value)| size(name, value)).sum::<usize>() <= room);
    }
}

#[test]
fn a_context_replaces_headers_that_were_copied() {
    let mut headers = context_headers(ContextHeaders::replacing());
    for _ in 0..2 {
        for (name, replaced) in
            [("TraceParent", true), ("x_instana_c", true), ("X_INSTANA_T", true), ("b3", true), ("tenant", false)]
        {
            assert_eq!(headers.replaces(name.as_bytes()), replaced, "{name}");
        }
        assert!(!headers.replaces(b"\xff"));
        headers.fit(0, |_, _| 1);
        assert!(headers.is_empty());
    }
    assert!(!context_headers(ContextHeaders::new()).replaces(b"traceparent"));
}

#[test]
fn the_headers_of_a_received_message_are_found_by_name() {
    static SAMPLED: Field = Field::new("X-B3-Sampled", "x-b3-sampled");
    let many: Vec<_> = (0..300).map(|number| format!("tenant-{number}")).collect();
    let many = many.iter().map(|name| (name.as_bytes(), name.as_bytes()));
    // The names of B3 are told apart by a comparison only.
    let few: [(&[u8], &[u8]); 6] = [
        (b"X-B3-Sampled", b"1"),
        (b"X-B3-TraceId", b"a"),
        (b"x-b3-sampled", b"0"),
        (b"x-b3-traceid", b"b"),
        (b"\xff", b"bytes"),
        (b"", b"no name"),
    ];
    for (row, headers) in [
        ("few", few.into_iter().collect::<MessageHeaders<'_>>()),
        ("many before", many.clone().chain(few).collect()),
        ("many behind", few.into_iter().chain(many.clone()).collect()),
    ] {
        for (name, expected) in [
            ("X-B3-SAMPLED", Some("0")),
            ("X-B3-TraceId", Some("b")),
            ("X-B3-ParentId", None),
            ("", Some("no name")),
            ("tenant-299", (row != "few").then_some("tenant-299")),
            ("tenant-300", None),
        ] {
            assert_eq!(headers.last_of(name), expected.map(str::as_bytes), "{row}: {name}");
        }
        let mut values = Vec::new();
        headers.values(&SAMPLED, &mut |value| values.push(value.to_vec()));
        assert_eq!(values, [b"1", b"0"], "{row}");
        assert_eq!(headers.last(&SAMPLED).as_deref(), Some(&b"0"[..]), "{row}");
        let mut names = 0;
        headers.for_each(&mut |_, _| names += 1);
        assert_eq!(names, if row == "few" { 5 } else { 305 }, "{row}");
    }
    let empty: MessageHeaders<'_> = std::iter::empty().collect();
    assert_eq!(empty.last_of("b3"), None);
    assert_eq!(empty.last(&SAMPLED), None);
}

#[test]
fn a_carrier_of_context_headers_behaves_as_others() {
    let mut headers = ContextHeaders::replacing();
    headers.set_key("a", "1");
    headers.set_key("A", "2");
    headers.set_key("pre-x", "3");
    headers.set_key("b", "4");
    headers.remove_prefix("PRE-");
    headers.remove_key("B");
    assert_eq!(headers.iter().collect::<Vec<_>>(), [("A", &b"2"[..])]);
    assert_eq!(headers.len(), 1);
    assert!(headers.replaces(b"pre-y") && headers.replaces(b"b") && headers.replaces(b"a"));
}

#[test]
fn attempts_are_joined() {
    let mock = MockTracer::new();
    let sender = mock.tracer().span("send").start().context();
    let mut attempts = Attempts::new();
    for _ in 0..3 {
        let mut builder = mock.tracer().span("process");
        builder.follows_from(&sender);
        attempts.refer_to_last(&mut builder);
        let mut span = builder.start();
        attempts.begin(&mut span);
    }
    let spans: Vec<_> = mock.finished_spans().split_off(1);
    for (index, span) in spans.iter().enumerate() {
        assert_eq!(span.tag("messaging.attempt"), Some((index as i64 + 1).into()));
        let ids: Vec<_> = span.references.iter().map(|reference| reference.context.span_id()).collect();
        let last = index.checked_sub(1).map(|last| spans[last].context.span_id());
        let sender = sender.as_ref().unwrap().span_id();
        // One reference is only the parent.
        assert_eq!(span.parent_id, Some(sender));
        assert!(last.is_none_or(|last| ids == [sender, last]), "{ids:?}");
    }
    // Attempts of another process.
    let mut span = mock.tracer().span("process").start();
    Attempts::after(4, None).begin(&mut span);
    drop(span);
    assert_eq!(mock.finished_spans().last().unwrap().tag("messaging.attempt"), Some(5.into()));
}

/// Polls a future once.
fn poll<F: Future + ?Sized>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn handlers_end_in_different_ways() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let outcome = || {
        let span = mock.span("process");
        mock.reset();
        (span.tag("messaging.outcome").map(|outcome| outcome.to_string()), span.is_failed)
    };
    let process = || tracer.span("process").start();
    let noted = |outcome: &str| Some(outcome.to_owned());

    let mut handling = Box::pin(Handling::new(tracer, process(), async {
        tracer.span("child").start().finish();
        Ok::<_, &str>(7)
    }));
    let std::task::Poll::Ready((output, span)) = poll(handling.as_mut()) else { panic!("it is ready") };
    assert_eq!(output, Ok(7));
    assert!(mock.finished_spans().len() == 1, "the span is returned open");
    drop(span);
    mock.assert_tree("process\n  child\n");
    assert_eq!(outcome(), (None, false));

    let mut handling = Box::pin(Handling::new(tracer, process(), async { Err::<(), _>("full") }));
    drop(poll(handling.as_mut()));
    assert_eq!(outcome(), (None, true));

    let mut handling = Box::pin(Handling::new(tracer, process(), std::future::pending::<()>()));
    assert!(poll(handling.as_mut()).is_pending());
    drop(handling);
    assert_eq!(outcome(), (noted("cancelled"), false));
    drop(Handling::new(tracer, process(), async {}));
    assert_eq!(outcome(), (noted("cancelled"), false));

    let panics = async { panic!("out of paper") };
    let mut handling = Box::pin(Handling::<_>::new(tracer, process(), async {
        let () = panics.await;
    }));
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(handling.as_mut()).is_ready()));
    assert!(caught.is_err());
    drop(handling);
    assert_eq!(outcome(), (noted("panicked"), true));

    let mut span = process();
    assert_eq!(handle_blocking(tracer, &mut span, || Err::<(), _>("full")), Err("full"));
    drop(span);
    assert_eq!(outcome(), (None, true));
    let mut span = process();
    let blocking = || handle_blocking(tracer, &mut span, || -> () { panic!("out of paper") });
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(blocking)).is_err());
    drop(span);
    assert_eq!(outcome(), (noted("panicked"), true));

    let mut span = process();
    HandlerOutcome::Unhandled.record(tracer, &mut span);
    drop(span);
    assert_eq!(outcome(), (noted("unhandled"), false));

    let messages = tracer.stats().messages;
    assert_eq!((messages.cancelled, messages.panicked, messages.unhandled), (2, 2, 1));
}

#[test]
fn a_handler_in_a_handle_leaves_the_span_open() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("process").start().detach();
    let mut handling = Box::pin(Handling::in_ref(mock.tracer(), &span, async { Err::<(), _>("full") }));
    drop(poll(handling.as_mut()));
    assert!(mock.finished_spans().is_empty());
    span.finish();
    assert!(mock.span("process").is_failed);
}

#[test]
fn messages_are_counted_and_reported() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    assert!(!tracer.report().to_string().contains("messages"));
    assert!(tracer.count_messages(MessageEvent::Received, 1_204));
    assert!(!tracer.count_messages(MessageEvent::Received, 0));
    tracer.count_messages(MessageEvent::Unhandled, 1_190);
    tracer.count_messages(MessageEvent::ContextLeftOut, 2);
    let report = tracer.report().to_string();
    assert!(report.contains("1,204 messages received, 1,190 never handled in their span\n"), "{report}");
    assert!(report.contains("2 sent without context, for their size\n"), "{report}");
    let metrics = tracer.stats().prometheus().to_string();
    for line in [
        "opentracing_messages_received_total 1204\n",
        "opentracing_message_handlers_total{result=\"missing\"} 1190\n",
        "opentracing_message_contexts_total{result=\"left_out\"} 2\n",
        "opentracing_message_client_events_total{kind=\"rebalanced\"} 0\n",
        "opentracing_message_client_events_total{kind=\"consumer_cancelled\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    assert!(!Tracer::noop().count_messages(MessageEvent::Received, 1));
}

#[test]
fn contexts_are_kept_out_of_messages_by_pattern() {
    let patterns = ["audit", "logs-*", "*.dlq", "a*b*c"];
    let mock = MockTracer::with(|builder| builder.without_message_context(patterns));
    for (destination, expected) in [
        ("audit", false),
        ("audits", true),
        ("logs-", false),
        ("logs-eu", false),
        ("log", true),
        ("orders.dlq", false),
        ("orders.dlq.old", true),
        ("abc", false),
        ("a1b2b3c", false),
        ("abcd", true),
        ("ac", true),
        ("", true),
    ] {
        assert_eq!(mock.tracer().writes_message_context(destination), expected, "{destination}");
    }
    assert!(MockTracer::new().tracer().writes_message_context("audit"));
}

#[test]
fn messages_may_have_formats_of_their_own() {
    let mock = MockTracer::with(|builder| builder.message_composite("tracecontext".parse().unwrap()));
    let context = mock.tracer().span("send").start().context().unwrap();
    let mut message = ContextHeaders::new();
    mock.tracer().inject(&context, KafkaHeaders, &mut message).unwrap();
    assert_eq!(message.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["traceparent"]);
    let mut http = std::collections::HashMap::new();
    mock.tracer().inject(&context, HttpHeaders, &mut http).unwrap();
    assert!(http.contains_key("X-INSTANA-T"));
}

#[cfg(feature = "tokio")]
mod current_message {
    use opentracing_core::message_rules::{CurrentMessage, Receiver};
    use opentracing_core::{Span, SpanContext, Tracer};

    use super::*;

    fn process(tracer: &Tracer) -> (Span, SpanContext) {
        let span = tracer.span("process").ignore_active_span().start();
        let context = span.context().unwrap();
        (span, context)
    }

    fn receive(receiver: Receiver, context: &SpanContext) -> CurrentMessage {
        receiver.wait();
        receiver.receive(Some(context)).expect("there is a place")
    }

    /// Whether a span that starts here is below the message.
    fn is_parent(tracer: &Tracer, context: &SpanContext) -> bool {
        let work = tracer.span("work").start();
        work.context().unwrap().parent_id() == Some(context.span_id())
    }

    #[test]
    fn it_is_the_parent_until_it_is_dropped() {
        for tracer in [MockTracer::new().tracer().clone(), Tracer::builder("shop").build_inline(Discard)] {
            let (_span, context) = process(&tracer);
            let message = receive(Receiver::of_call(), &context);
            assert!(is_parent(&tracer, &context));
            // Other tracers, and other parents, are left alone.
            assert!(!is_parent(MockTracer::new().tracer(), &context));
            let other = tracer.span("other").ignore_active_span().start();
            assert_eq!(other.context().unwrap().parent_id(), None);
            let scope = other.activate();
            assert!(!is_parent(&tracer, &context));
            drop(scope);
            assert!(message.leave());
            assert!(!message.leave());
            assert!(!is_parent(&tracer, &context));
        }
    }

    #[test]
    fn none_of_several_messages_is_the_parent() {
        let mock = MockTracer::new();
        let tracer = mock.tracer();
        let (_span, context) = process(tracer);
        let first = receive(Receiver::of_call(), &context);
        Receiver::of_call().wait();
        assert!(!is_parent(tracer, &context), "the thread waits for another message");
        let second = receive(Receiver::of_call(), &context);
        drop(first);
        assert!(!is_parent(tracer, &context));
        assert!(!second.leave());
        let third = receive(Receiver::of_call(), &context);
        assert!(is_parent(tracer, &context), "all others are dropped");
        drop(third);
    }

    #[test]
    fn another_thread_does_not_see_it() {
        let mock = MockTracer::new();
        let (_span, context) = process(mock.tracer());
        let _message = receive(Receiver::of_call(), &context);
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(!is_parent(mock.tracer(), &context)));
        });
        assert!(is_parent(mock.tracer(), &context));
    }

    #[test]
    fn it_stays_with_its_task_on_all_threads() {
        let mock = MockTracer::new();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let tracer = mock.tracer().clone();
                    tokio::spawn(async move {
                        for _ in 0..20 {
                            let (_span, context) = process(&tracer);
                            let _message = receive(Receiver::of_future(), &context);
                            for _ in 0..10 {
                                tokio::task::yield_now().await;
                                assert!(is_parent(&tracer, &context));
                            }
                            let spawned = tracer.clone();
                            let of_spawned = context.clone();
                            let spawned = tokio::spawn(async move { is_parent(&spawned, &of_spawned) });
                            assert!(!spawned.await.unwrap());
                        }
                    })
                })
                .collect();
            // The main future has a place of its own.
            let (_span, context) = process(mock.tracer());
            let _message = receive(Receiver::of_future(), &context);
            for task in tasks {
                task.await.unwrap();
                assert!(is_parent(mock.tracer(), &context));
            }
        });
    }

    #[test]
    fn there_is_none_where_tasks_cannot_be_told_apart() {
        let mock = MockTracer::new();
        let (_span, context) = process(mock.tracer());
        assert!(Receiver::of_future().receive(Some(&context)).is_none());
        assert!(Receiver::of_call().receive(None).is_none());
    }

    struct Discard;

    impl opentracing_core::Reporter for Discard {
        fn report(&mut self, _: opentracing_core::Batch<'_>) {}
    }
}

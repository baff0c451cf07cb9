//! Checks of writes to spans.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use crate::harness::Capability;
use crate::harness::case::{Case, Check, Outcome, checks, ensure};
use crate::model::value::Value;

pub(super) const CHECKS: &[Check] = checks![
    set_operation_name,
    span_as_context_manager,
    span_tag_value_types,
    span_tags_with_chaining,
    span_logs,
    write_after_finish,
];

fn set_operation_name(case: &Case) -> Outcome {
    let mut span = case.tracer().span("").start();
    let context = case.context(span.context())?;
    span.set_operation_name("Farnsworth");
    span.finish();
    if let Some(span) = case.finished(context.as_ref())? {
        ensure!(&*span.operation_name == "Farnsworth", "the last operation name should be kept");
    }
    Ok(())
}

/// A span finishes when its owner is dropped, and is marked as failed if a panic drops it.
fn span_as_context_manager(case: &Case) -> Outcome {
    let mut span = case.tracer().span("dropped").start();
    let (handle, context) = (span.share(), case.context(span.context())?);
    drop(span);
    ensure!(handle.is_finished() || !case.has(Capability::Contexts), "a span that is dropped should finish");
    case.finished(context.as_ref())?;

    let scope = case.tracer().span("failed").start_active();
    let context = if case.has_scopes() { case.context(scope.span().context())? } else { None };
    // `resume_unwind` does not run the panic hook, so that this intended panic prints nothing.
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _scope = scope;
        std::panic::resume_unwind(Box::new("harness"));
    }));
    ensure!(unwound.is_err(), "a panic should propagate through a scope");
    ensure!(case.tracer().active_context().is_none(), "a panic should leave no span active");
    if let Some(span) = case.finished(context.as_ref())? {
        ensure!(span.is_failed, "a panic should mark the span as failed");
    }
    Ok(())
}

fn span_tag_value_types(case: &Case) -> Outcome {
    let tags: [(&str, Value<'_>); 7] = [
        ("an_int", Value::I64(9)),
        ("a_negative", Value::I64(i64::MIN)),
        ("a_big_one", Value::U64(u64::MAX)),
        ("a_bool", Value::Bool(true)),
        ("a_float", Value::F64(0.25)),
        ("a_string", Value::Str("aoeuidhtns")),
        ("an_empty_one", Value::Str("")),
    ];
    let mut span = case.tracer().span("ManyTypes").start();
    let context = case.context(span.context())?;
    for (key, value) in tags {
        span.set_tag(key, value);
    }
    span.finish();
    if let Some(span) = case.finished(context.as_ref())? {
        for (key, value) in tags {
            let kept = span.tag(key).map(|kept| kept.to_string());
            ensure!(kept == Some(value.to_string()), "the tag {key} should be {value}, not {kept:?}");
        }
    }
    Ok(())
}

fn span_tags_with_chaining(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Farnsworth").start();
    let context = case.context(span.context())?;
    span.set_tag("birthday", "9 April, 2841").set_tag("loves", "different lengths");
    span.set_tag("unicode_val", "non-ascii: \u{200b}").set_tag("unicode_key_\u{200b}", "ascii val");
    span.set_tag("loves", "the same length");
    span.finish();
    if let Some(span) = case.finished(context.as_ref())? {
        let loves = span.tags.iter().filter(|(key, _)| **key == *"loves").count();
        ensure!(loves == 1, "a key that is set twice should occur once");
        let has = |key: &str, value: &str| span.tag(key).is_some_and(|kept| kept.to_string() == value);
        ensure!(has("birthday", "9 April, 2841"), "tags should be kept");
        ensure!(has("loves", "the same length"), "the last value of a key should be kept");
        ensure!(has("unicode_val", "non-ascii: \u{200b}"), "non-ASCII values should be kept");
        ensure!(has("unicode_key_\u{200b}", "ascii val"), "non-ASCII keys should be kept");
    }
    Ok(())
}

fn span_logs(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Fry").start();
    let context = case.context(span.context())?;
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_799);
    span.log("frozen").log_kv(&[("event", "defrosted".into()), ("year", 2999.into())]);
    span.log_kv_at(at, &[("event", "became his own grandfather".into()), ("error.object", Value::F64(0.5))]);
    let no_fields: [(&str, Value<'_>); 0] = [];
    span.log_kv(&no_fields);
    span.finish();
    if let Some(span) = case.finished(context.as_ref())? {
        let field = |event: &str, key: &str| {
            let named =
                |log: &&crate::reporter::owned::OwnedLog| log.field("event").is_some_and(|e| e.to_string() == event);
            span.logs.iter().find(named).and_then(|log| log.field(key)).map(|value| value.to_string())
        };
        ensure!(field("frozen", "event").is_some(), "a log with a single event should be kept");
        ensure!(field("defrosted", "year").as_deref() == Some("2999"), "the fields of a log should be kept");
        let stamped = span.logs.iter().any(|log| log.unix_ns == 946_684_799_000_000_000);
        ensure!(stamped, "an explicit log time should be kept");
    }
    Ok(())
}

/// OpenTracing leaves writes after the finish undefined. Here they have no effect, and must not panic.
fn write_after_finish(case: &Case) -> Outcome {
    let span = case.tracer().span("Bender").tag("kept", 1).start().detach();
    let context = case.context(span.context())?;
    span.finish();
    span.set_tag("late", 1).log("late").set_operation_name("late").set_baggage_item("late", "1");
    span.finish();
    ensure!(case.context(span.context())? == context, "the context should not change after the finish");
    if let Some(span) = case.finished(context.as_ref())? {
        let unchanged = span.tag("late").is_none() && span.logs.is_empty() && &*span.operation_name == "Bender";
        ensure!(unchanged, "writes after the finish should have no effect");
    }
    Ok(())
}

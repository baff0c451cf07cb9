//! Events as logs.

use opentracing_core::Value;
use opentracing_core::mock::MockTracer;
use opentracing_tracing::ErrorEvents;
use tracing::{Level, info_span};
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::{recorded, recorded_with};

fn of_all_levels(_: &MockTracer) {
    info_span!("span").in_scope(|| {
        tracing::error!(target: "app", "e");
        tracing::warn!(target: "app", "w");
        tracing::info!(target: "app", "i");
        tracing::debug!(target: "app", "d");
        tracing::trace!(target: "app::deep", "t");
    });
}

fn levels(mock: &MockTracer) -> Vec<String> {
    let logs = &mock.span("span").logs;
    logs.iter().map(|log| log.field("level").map(|level| level.to_string()).unwrap_or_default()).collect()
}

#[test]
fn warnings_and_errors_become_logs_by_default() {
    assert_eq!(levels(&recorded(of_all_levels)), ["ERROR", "WARN"]);
}

#[test]
fn the_level_can_be_set() {
    let all = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
    assert_eq!(levels(&recorded_with(|layer| layer.events(Level::TRACE), of_all_levels)), all);
    assert_eq!(levels(&recorded_with(|layer| layer.events(Level::INFO), of_all_levels)), all[..3]);
    assert_eq!(levels(&recorded_with(|layer| layer.events(LevelFilter::OFF), of_all_levels)), [""; 0]);
}

#[test]
fn the_level_can_be_set_by_target() {
    let targets = Targets::new().with_target("app", Level::ERROR).with_target("app::deep", Level::TRACE);
    assert_eq!(levels(&recorded_with(|layer| layer.events_by_target(targets), of_all_levels)), ["ERROR", "TRACE"]);
}

#[test]
fn a_log_has_the_fields_of_the_event() {
    let mock = recorded(|_| {
        info_span!("span").in_scope(|| tracing::warn!(target: "app", rows = 3, name = "x", flag = true, "{} rows", 3));
    });
    let log = &mock.span("span").logs[0];
    let rows: &[(&str, Option<Value<'_>>)] = &[
        ("event", None),
        ("level", Some("WARN".into())),
        ("logger", Some("app".into())),
        ("message", Some("3 rows".into())),
        ("rows", Some(Value::I64(3))),
        ("name", Some("x".into())),
        ("flag", Some(true.into())),
    ];
    for (key, value) in rows {
        assert_eq!(log.field(key), *value, "{key}");
    }
}

#[test]
fn an_error_event_is_a_log_and_marks_the_span_on_request() {
    let failing = |_: &MockTracer| info_span!("span").in_scope(|| tracing::error!("failed"));
    let mock = recorded(failing);
    assert_eq!(mock.span("span").tag("error"), None);
    assert_eq!(mock.span("span").logs[0].field("event"), Some("error".into()));
    let mock = recorded_with(|layer| layer.error_events(ErrorEvents::MarkSpan), failing);
    assert_eq!(mock.span("span").tag("error"), Some(true.into()));
}

#[test]
fn an_error_value_has_its_sources() {
    let mock = recorded(|_| {
        let source = std::io::Error::other("disk is full");
        let error = std::io::Error::other(source);
        let error: &(dyn std::error::Error + 'static) = &error;
        info_span!("span").in_scope(|| tracing::error!(error, "cannot load"));
    });
    let log = &mock.span("span").logs[0];
    assert_eq!(log.field("message"), Some("cannot load".into()));
    assert_eq!(log.field("error"), Some("disk is full".into()));
}

#[test]
fn events_go_to_the_nearest_span_of_either_kind_or_to_their_explicit_parent() {
    let mock = recorded(|mock| {
        let outer = info_span!("outer");
        let _entered = outer.enter();
        let native = mock.tracer().span("native").start_active();
        tracing::warn!("to native");
        tracing::warn!(parent: &outer, "to outer");
        tracing::warn!(parent: None, "to nobody");
        native.close();
    });
    let messages = |name: &str| -> Vec<String> {
        mock.span(name).logs.iter().filter_map(|log| log.field("message").map(|text| text.to_string())).collect()
    };
    assert_eq!(messages("native"), ["to native"]);
    assert_eq!(messages("outer"), ["to outer"]);
}

#[test]
fn an_event_outside_of_spans_is_no_harm() {
    assert_eq!(recorded(|_| tracing::error!("alone")).finished_spans().len(), 0);
}

/// Endless spans of a library gather events without bound.
#[test]
fn events_of_a_span_are_bounded_and_counted() {
    let mock = recorded(|_| {
        info_span!("span").in_scope(|| (0..10_000).for_each(|number| tracing::warn!(number, "again")));
    });
    let span = mock.span("span");
    assert!(span.logs.len() <= 1024, "{}", span.logs.len());
    assert_eq!(span.logs.len() + span.truncated as usize, 10_000);
}

/// A record of the crate `log`, as `tracing-log` bridges it.
#[test]
fn a_bridged_record_keeps_its_target_and_loses_the_fields_of_the_bridge() {
    let mock = recorded(|_| {
        info_span!("span").in_scope(|| {
            let record = log::Record::builder()
                .level(log::Level::Warn)
                .target("driver")
                .args(format_args!("slow"))
                .file(Some("driver.rs"))
                .line(Some(7))
                .build();
            tracing_log::format_trace(&record).expect("the record is bridged");
        });
    });
    let log = &mock.span("span").logs[0];
    assert_eq!((log.field("message"), log.field("logger")), (Some("slow".into()), Some("driver".into())));
    assert_eq!((log.field("log.target"), log.field("log.file")), (None, None));
}

//! Ids in records of `log`, and records as logs of spans.

use std::sync::{Arc, Mutex};

use log::kv::{Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use opentracing_core::mock::MockTracer;
use opentracing_tracing::{IdFields, IdLogger};

/// Writes `LEVEL message key=value`.
#[derive(Clone, Default, Debug)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Error
    }

    fn log(&self, record: &Record<'_>) {
        struct Pairs(String);
        impl<'kvs> VisitSource<'kvs> for Pairs {
            fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
                self.0.push_str(&format!(" {key}={value}"));
                Ok(())
            }
        }
        let mut pairs = Pairs(String::new());
        record.key_values().visit(&mut pairs).unwrap();
        let line = format!("{} {}{}", record.level(), record.args(), pairs.0);
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

impl Lines {
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn record(logger: &impl Log, level: log::Level, text: &str) {
    let pairs: &[(&str, i64)] = &[("rows", 3)];
    logger.log(&Record::builder().level(level).target("app").args(format_args!("{text}")).key_values(&pairs).build());
}

#[test]
fn a_record_gets_the_ids_as_key_values() {
    let (mock, lines) = (MockTracer::new(), Lines::default());
    let logger = IdLogger::new(lines.clone());
    record(&logger, log::Level::Info, "outside");
    let scope = mock.tracer().span("span").start_active();
    record(&logger, log::Level::Info, "inside");
    let context = scope.span().context().unwrap();
    let (trace_id, span_id) = (context.trace_id(), context.span_id());
    assert_eq!(
        lines.taken(),
        [
            "INFO outside rows=3".to_owned(),
            format!("INFO inside rows=3 trace_id={trace_id} span_id={span_id} sampled=true")
        ]
    );
    scope.close();
    assert_eq!(mock.span("span").logs.len(), 0, "records become logs of spans on request only");
}

#[test]
fn ids_in_the_message_and_in_decimal() {
    let (mock, lines) = (MockTracer::new(), Lines::default());
    let scope = mock.tracer().span("span").start_active();
    let context = scope.span().context().unwrap();
    let logger = IdLogger::new(lines.clone()).in_message().fields(IdFields::datadog());
    record(&logger, log::Level::Info, "inside");
    let (trace_id, span_id) = (context.trace_id().low(), context.span_id().get());
    assert_eq!(lines.taken(), [format!("INFO dd.trace_id={trace_id} dd.span_id={span_id} inside rows=3")]);
}

#[test]
fn records_become_logs_of_the_active_span() {
    let (mock, lines) = (MockTracer::new(), Lines::default());
    let logger = IdLogger::new(lines).span_logs(mock.tracer().clone(), LevelFilter::Warn);
    let scope = mock.tracer().span("span").start_active();
    for level in [log::Level::Error, log::Level::Warn, log::Level::Info] {
        record(&logger, level, "text");
    }
    logger.log(&Record::builder().level(log::Level::Warn).target("opentracing_core").build());
    let metadata = |level| Metadata::builder().level(level).target("app").build();
    // The wrapped logger wants errors only.
    assert!(logger.enabled(&metadata(log::Level::Warn)) && !logger.enabled(&metadata(log::Level::Info)));
    scope.close();
    let span = mock.span("span");
    let logs: Vec<_> = span
        .logs
        .iter()
        .map(|log| ["event", "level", "message", "logger", "rows"].map(|key| log.field(key).map(|v| v.to_string())))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        logs,
        [
            [text("error"), text("ERROR"), text("text"), text("app"), text("3")],
            [None, text("WARN"), text("text"), text("app"), text("3")]
        ]
    );
}

/// A value that logs while it is formatted does not recurse.
#[test]
fn a_record_inside_a_record_is_no_span_log() {
    struct Logs<'a>(&'a dyn Log);
    impl std::fmt::Display for Logs<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.log(&Record::builder().level(log::Level::Warn).target("app").args(format_args!("inner")).build());
            f.write_str("outer")
        }
    }
    let (mock, lines) = (MockTracer::new(), Lines::default());
    let logger = IdLogger::new(lines).span_logs(mock.tracer().clone(), LevelFilter::Warn);
    let scope = mock.tracer().span("span").start_active();
    let text = Logs(&logger);
    logger.log(&Record::builder().level(log::Level::Warn).target("app").args(format_args!("{text}")).build());
    scope.close();
    let messages: Vec<_> =
        mock.span("span").logs.iter().filter_map(|log| log.field("message").map(|v| v.to_string())).collect();
    assert_eq!(messages.iter().filter(|message| *message == "outer").count(), 1);
    assert_eq!(messages.first().map(String::as_str), Some("outer"));
}

//! Code of the user that runs inside of the layer, and turns against it.

use std::fmt;
use std::process::Command;

use opentracing_core::mock::MockTracer;
use opentracing_tracing::TracerLayer;
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;

use crate::recorded;

struct Logs;

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::error!(again = ?Logs, "from Debug");
        info_span!("from Debug").in_scope(|| {});
        f.write_str("logs")
    }
}

#[test]
fn a_debug_that_panics_leaves_the_layer_usable() {
    struct Panics;
    impl fmt::Debug for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            std::panic::panic_any("no output of the panic hook is wanted here")
        }
    }
    let mock = recorded(|_| {
        let span = info_span!("span", late = tracing::field::Empty);
        let _entered = span.enter();
        for panics in [
            (|| drop(info_span!("field", value = ?Panics))) as fn(),
            || tracing::warn!(value = ?Panics, "event"),
            || {
                tracing::Span::current().record("late", tracing::field::debug(Panics));
            },
        ] {
            assert!(std::panic::catch_unwind(panics).is_err());
        }
        tracing::warn!("still here");
    });
    assert_eq!(mock.span("span").logs.last().and_then(|log| log.field("message")), Some("still here".into()));
}

#[test]
fn an_endless_debug_ends() {
    struct Endless;
    impl fmt::Debug for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("endless ")?;
            }
        }
    }
    let mock = recorded(|_| info_span!("span", value = ?Endless).in_scope(|| tracing::warn!(value = ?Endless, "x")));
    let span = mock.span("span");
    assert!(span.tag("value").is_some_and(|value| value.to_string().starts_with("endless endless")));
    assert!(span.logs[0].field("value").is_some());
}

const CHILD: &str = "OPENTRACING_TRACING_TEST_CHILD";

/// Only a global subscriber is called again from inside of a callback, so this runs in a process of its own.
#[test]
fn a_debug_that_logs_does_not_recurse() {
    if std::env::var_os(CHILD).is_some() {
        let mock = MockTracer::new();
        let subscriber = tracing_subscriber::registry().with(TracerLayer::with_tracer(mock.tracer().clone()));
        tracing::subscriber::set_global_default(subscriber).expect("there is no other");
        info_span!("span", value = ?Logs).in_scope(|| tracing::warn!(value = ?Logs, "event"));
        mock.assert_tree("span");
        assert_eq!(mock.span("span").logs.len(), 1);
        return;
    }
    let name = "unusual::a_debug_that_logs_does_not_recurse";
    let program = std::env::current_exe().expect("the program has a path");
    let output = Command::new(program).args([name, "--exact"]).env(CHILD, "1").output().expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

//! The panic hook.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, Tracer, panic_hook};

use crate::child::in_child_process;

fn text(span: &OwnedSpan, log: usize, key: &str) -> String {
    span.logs[log].field(key).map(|value| value.to_string()).unwrap_or_default()
}

#[test]
fn the_hook_tells_the_active_span_of_a_panic() {
    in_child_process("panics::the_hook_tells_the_active_span_of_a_panic", || {
        static BEFORE: AtomicUsize = AtomicUsize::new(0);
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            BEFORE.fetch_add(1, Ordering::Relaxed);
            shown(panic);
        }));
        panic_hook();
        panic_hook();
        let mock = MockTracer::new();
        let panicking = |name: &'static str, panic: &dyn Fn()| {
            let run = || {
                let _outer = mock.tracer().span("outer").start_active();
                let _inner = mock.tracer().span(name).start_active();
                panic();
            };
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        };
        panicking("literal", &|| panic!("no more"));
        panicking("formatted", &|| panic!("no {}", "https://me:S3CR3T@h/"));
        panicking("payload", &|| std::panic::panic_any(5));
        for (name, message) in
            [("literal", "no more"), ("formatted", "no https://"), ("payload", "a panic without a text")]
        {
            let span = mock.span(name);
            assert!(span.is_failed && span.logs.len() == 1, "{name}: {span:?}");
            assert_eq!(text(&span, 0, "error.kind"), "panic", "{name}");
            let found = text(&span, 0, "message");
            assert!(found.starts_with(message) && !found.contains("S3CR3T"), "{name}: {found}");
            assert!(text(&span, 0, "place").contains("panics.rs:"), "{name}: {}", text(&span, 0, "place"));
        }
        // The outer ones were left by the panic, as without a hook.
        let outer: Vec<_> = mock.finished_spans().into_iter().filter(|span| *span.operation_name == *"outer").collect();
        assert_eq!(outer.len(), 3);
        assert!(outer.iter().all(|span| span.is_failed && span.logs[0].field("message").is_none()));
        assert_eq!(BEFORE.load(Ordering::Relaxed), 3, "the hook that was there before runs once a panic");
    });
}

#[test]
fn the_hook_tells_a_span_of_a_panic_that_is_caught_inside() {
    in_child_process("panics::the_hook_tells_a_span_of_a_panic_that_is_caught_inside", || {
        std::panic::set_hook(Box::new(|_| {}));
        panic_hook();
        let mock = MockTracer::new();
        let mut span = mock.tracer().span("request").start();
        span.in_scope(|| assert!(catch_unwind(|| panic!("handler")).is_err()));
        let shared = mock.tracer().span("shared").start().detach();
        shared.in_scope(|| assert!(catch_unwind(|| panic!("handler")).is_err()));
        drop((span, shared));
        for name in ["request", "shared"] {
            assert_eq!(text(&mock.span(name), 0, "message"), "handler", "{name}");
        }
    });
}

#[test]
fn the_hook_does_nothing_without_a_span() {
    in_child_process("panics::the_hook_does_nothing_without_a_span", || {
        std::panic::set_hook(Box::new(|_| {}));
        panic_hook();
        let scope = Tracer::noop().span("noop").start_active();
        assert!(catch_unwind(|| panic!("nobody listens")).is_err());
        drop(scope);
        let mock = MockTracer::new();
        assert!(catch_unwind(|| panic!("nobody listens")).is_err());
        assert!(mock.finished_spans().is_empty());
    });
}

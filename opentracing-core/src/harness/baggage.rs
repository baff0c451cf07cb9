//! Checks of baggage within the process.

use crate::harness::Capability;
use crate::harness::case::{Case, Check, Outcome, checks, ensure};

pub(super) const CHECKS: &[Check] = checks![span_baggage, context_baggage, multi_baggage];

fn span_baggage(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Fry").start();
    let itself = span.set_baggage_item("Kiff-loves", "Amy").baggage_item("Kiff-loves");
    if case.has(Capability::Baggage) {
        ensure!(itself.as_deref() == Some("Amy"), "a baggage item should be read back");
        ensure!(span.baggage_item("Amy-loves").is_none(), "a baggage item that was not set should be missing");
        let child = case.tracer().span("child").child_of(&span).start();
        let grandchild = case.tracer().span("grandchild").child_of(&child).start();
        let inherited = grandchild.baggage_item("Kiff-loves");
        ensure!(inherited.as_deref() == Some("Amy"), "baggage should reach all descendants");
    }
    Ok(())
}

fn context_baggage(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Fry").start();
    let before = span.context();
    span.set_baggage_item("Kiff-loves", "Amy");
    span.set_baggage_item("Kiff-loves", "Amy Wong");
    if case.has(Capability::Baggage) {
        let items = |context: Option<crate::model::context::SpanContext>| -> Vec<(String, String)> {
            context.iter().flat_map(|c| c.baggage()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
        };
        ensure!(
            items(before).is_empty(),
            "a new span should have no baggage, and its earlier context should not change"
        );
        let expected = [("Kiff-loves".to_owned(), "Amy Wong".to_owned())];
        ensure!(items(span.context()) == expected, "the context should have the last value of each item");
    }
    Ok(())
}

fn multi_baggage(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Fry").start();
    span.set_baggage_item("Bag1", "BaggageVal1").set_baggage_item("Bag2", "BaggageVal2");
    if case.has(Capability::Baggage) {
        let context = span.context();
        let all: Vec<_> = context.iter().flat_map(|c| c.baggage()).collect();
        ensure!(all.len() == 2, "each baggage item should be seen once");
        let (one, two) = (all.contains(&("Bag1", "BaggageVal1")), all.contains(&("Bag2", "BaggageVal2")));
        ensure!(one && two, "every baggage item should be seen");
        let first = context.iter().flat_map(|c| c.baggage()).take(1).count();
        ensure!(first == 1, "the caller should be able to stop iterating over the baggage");
    }
    Ok(())
}

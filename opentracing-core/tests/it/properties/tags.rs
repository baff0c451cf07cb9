//! What holds of the tags of every span.

use std::collections::HashMap;

use opentracing_core::Limits;
use opentracing_core::mock::MockTracer;
use proptest::collection::vec;
use proptest::prelude::*;

use super::runner;

/// Keys of one length, of one first and last letter, and others.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![(0..300_u32).prop_map(|n| format!("tag.{n:03}.x")), "[ab]{0,3}", "[ab.]{4,40}"]
}

#[test]
fn each_key_has_the_value_that_was_set_last() {
    let tags = prop_oneof![vec((key(), any::<i64>()), 0..24), vec((key(), any::<i64>()), 100..700)];
    let result = runner(200).run(&tags, |tags| {
        let mut limits = Limits::default();
        limits.tags = 1_000;
        let mock = MockTracer::with(|builder| builder.limits(limits));
        let mut span = mock.tracer().span("work").start();
        let mut expected = HashMap::new();
        for (key, value) in &tags {
            span.set_tag(key, *value);
            expected.insert(key.as_str(), *value);
        }
        span.finish();
        let span = mock.span("work");
        prop_assert_eq!(span.tags.len(), expected.len());
        for (key, value) in expected {
            prop_assert_eq!(span.tag(key), Some(value.into()), "{}", key);
        }
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

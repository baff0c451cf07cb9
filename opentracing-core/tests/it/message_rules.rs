//! The rules that messaging adapters share, and what carriers of adapters build on.

use opentracing_core::Text;
use opentracing_core::message_rules::{HandlerOutput, MessageHeaderTags};
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{TextMap, TextMapReader, has_prefix};

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
    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
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

//! The `tracestate` list: what is read, changed and written.

use opentracing_core::propagation::{Composite, Instana, TraceContext, TraceState};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{composite, extract_http, inject_http};

#[track_caller]
fn check(list: &str, expected: Result<&str, &str>) {
    let read = list.parse::<TraceState>().map_err(|error| error.to_string());
    let expected = expected.map_err(|reason| format!("invalid tracestate: {reason}"));
    assert_eq!(read.as_ref().map(TraceState::as_str), expected.as_deref(), "{list:?}");
}

const CHARACTERS: &str = "has characters or a length that are not allowed";

#[test]
fn checks_members() {
    let (bad_key, bad_value) = (format!("a key {CHARACTERS}"), format!("a value {CHARACTERS}"));
    check("", Ok(""));
    check(" a=1 ,, \tb=2\t", Ok("a=1,b=2"));
    check("a= 1", Ok("a= 1"));
    check("a=1,b=2,a=3", Ok("a=1,b=2"));
    check("1@a/b*c-d_e=~!", Ok("1@a/b*c-d_e=~!"));
    check("a", Err("a member has no value"));
    for list in ["=1", "A=1", "@a=1", "a b=1", "ä=1", &format!("{}=1", "k".repeat(257))] {
        check(list, Err(&bad_key));
    }
    for list in ["a=", "a=1=2", "a=\u{7f}", "a=ä", "a=b\tc", &format!("a={}", "v".repeat(257))] {
        check(list, Err(&bad_value));
    }
    check(&format!("{}={}", "k".repeat(256), "v".repeat(256)), Ok(&format!("{}={}", "k".repeat(256), "v".repeat(256))));
}

fn numbered(count: usize) -> String {
    (0..count).map(|i| format!("k{i}=v")).collect::<Vec<_>>().join(",")
}

#[test]
fn bounds_what_it_reads() {
    check(&numbered(32), Ok(&numbered(32)));
    check(&numbered(33), Err("it has more than 32 members"));
    check(&numbered(65), Err("it has too many members"));
    check(&",".repeat(20_000), Err("it is too long"));
}

#[test]
fn changes_come_first() {
    let mut state: TraceState = "a=1,b=2".parse().expect("valid");
    assert!(state.insert("c", "3").is_ok());
    assert!(state.insert("b", "4").is_ok());
    assert_eq!(state.to_string(), "b=4,c=3,a=1");
    assert!(state.insert("B", "4").is_err());
    assert_eq!((state.get("c"), state.get("d")), (Some("3"), None));
    assert!(state.remove("c") && !state.remove("c"));
    assert_eq!(state.iter().collect::<Vec<_>>(), [("b", "4"), ("a", "1")]);
    assert!(state.remove("b") && state.remove("a") && state.is_empty());
}

#[test]
fn cuts_long_members_first_and_only_as_many_as_needed() {
    let long = |key: &str| format!("{key}={}", "v".repeat(127));
    let list = format!("{},{},{}", long("x"), long("y"), numbered(30));
    let mut state: TraceState = list.parse().expect("valid");
    assert!(state.insert("new", "1").is_ok());
    assert_eq!(state.as_str(), format!("new=1,{},{}", long("x"), numbered(30)));
}

fn written(composite: &Composite, sampling: Sampling, list: &str) -> Option<String> {
    let from = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", list)];
    let context = extract_http(composite, &from).ok().flatten().expect("a context");
    let lines = inject_http(composite, &context.with_sampling(sampling));
    lines.iter().find_map(|line| line.strip_prefix("tracestate: ").map(str::to_owned))
}

#[test]
fn more_than_32_members_go_on_only_behind_the_one_of_instana() {
    let both = composite("instana,tracecontext");
    let list = format!("{},in=1;2", numbered(39));
    let own = "in=8448eb211c80319c;b7ad6b7169203331";
    assert_eq!(written(&both, Sampling::Sampled, &list), Some(format!("{own},{}", numbered(31))));
    assert_eq!(written(&both, Sampling::NotSampled, &list), None);
    assert_eq!(written(&composite("tracecontext"), Sampling::Sampled, &list), None);
    let reads_both = Composite::empty().reading(Instana::new()).with(TraceContext::new());
    assert_eq!(written(&reads_both, Sampling::Sampled, &list), None);
    // The member of another format does not make room for them.
    let datadog = composite("instana,datadog,tracecontext");
    let kept = format!("{own},dd=s:1;p:b7ad6b7169203331,{}", numbered(30));
    assert_eq!(written(&datadog, Sampling::Sampled, &list), Some(kept));
    assert_eq!(written(&datadog, Sampling::NotSampled, &list), Some("dd=s:0;p:b7ad6b7169203331".to_owned()));
    // What is not valid is dropped in every mode.
    assert_eq!(written(&both, Sampling::NotSampled, "a=1,b"), None);
    assert_eq!(written(&both, Sampling::Sampled, "a=1,b"), Some(own.to_owned()));
}

#[test]
fn keys_that_end_like_the_one_of_instana_are_others() {
    let both = composite("instana,tracecontext");
    let own = "in=8448eb211c80319c;b7ad6b7169203331";
    assert_eq!(written(&both, Sampling::Sampled, "admin=42,in=1;2,in2=3"), Some(format!("{own},admin=42,in2=3")));
}

#[test]
fn formats_may_add_members() {
    use opentracing_core::propagation::{
        ExtractError, Extraction, Field, Injection, Medium, TextFormat, TextMapReader, TextMapWriter, TracestateMembers,
    };

    #[derive(Debug)]
    struct Rojo;

    impl TextFormat for Rojo {
        fn name(&self) -> &'static str {
            "rojo"
        }

        fn fields(&self, _: Medium) -> &[&'static Field] {
            &[]
        }

        fn extract(&self, _: &dyn TextMapReader, _: &mut Extraction) -> Result<(), ExtractError> {
            Ok(())
        }

        fn add_tracestate_members(&self, _: &SpanContext, members: &mut TracestateMembers) {
            members.add("rojo", "2");
            members.add("Rojo", "not a key");
        }

        fn inject(&self, _: &SpanContext, _: &mut dyn TextMapWriter, _: &Injection) {}
    }

    let composite = composite("instana,tracecontext").writing(Rojo);
    let context = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(2)).with_sampling(Sampling::Sampled);
    let lines = inject_http(&composite, &context.with_tracestate("congo=1,rojo=1"));
    assert_eq!(
        lines.last().map(String::as_str),
        Some("tracestate: in=0000000000000001;0000000000000002,rojo=2,congo=1")
    );
}

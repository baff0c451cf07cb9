//! Baggage in headers.

use std::borrow::Cow;

use opentracing_core::propagation::{
    Composite, ExtractError, Extraction, Field, Injection, Medium, TextFormat, TextMapReader, TextMapWriter, W3cBaggage,
};
use opentracing_core::{BaggageItem, SpanContext};

use super::{composite, describe, extract_http, http, inject_http};

#[track_caller]
fn round_trip(key: &str, value: &str, header: &str) {
    let composite = composite("baggage");
    let context = SpanContext::empty().with_baggage_item(key, value);
    assert_eq!(inject_http(&composite, &context), [format!("baggage: {header}")]);
    let read = extract_http(&composite, &[("baggage", header)]).ok().flatten().expect("baggage");
    assert_eq!(read.baggage().collect::<Vec<_>>(), [(key, value)]);
}

#[test]
fn any_value_makes_a_legal_header() {
    round_trip("a", "", "a=");
    round_trip("a", "b c/ü%,;\"\\=+", "a=b%20c/%C3%BC%25%2C%3B%22%5C=%2B");
    round_trip("a", "100%", "a=100%25");
    round_trip("a", "\u{0}\r\n\t\u{7f}", "a=%00%0D%0A%09%7F");
    round_trip("a", "日本", "a=%E6%97%A5%E6%9C%AC");
    round_trip("Key!", "plain", "Key!=plain");
}

#[test]
fn items_that_have_no_legal_name_are_left_out_and_counted() {
    let composite = composite("baggage");
    let context = SpanContext::empty().with_baggage_item("user id", "1").with_baggage_item("", "2");
    assert_eq!(inject_http(&composite, &context.clone().with_baggage_item("ok", "3")), ["baggage: ok=3"]);
    assert_eq!(inject_http(&composite, &context), [""; 0]);
    assert_eq!(http(&composite).stats().baggage_dropped, 4);
}

#[test]
fn a_malformed_member_is_dropped_by_itself() {
    let rows = [
        ("a=1,b,c=3", "undecided bag=a:1 bag=c:3"),
        ("a=1,b=x y,c=3", "undecided bag=a:1 bag=c:3"),
        ("a=1;p=x y,c=3", "undecided bag=c:3"),
        ("a=1;=y,c=3", "undecided bag=c:3"),
        ("b", "corrupted baggage"),
        (",, ,", "nothing"),
    ];
    for (header, expected) in rows {
        let extracted = extract_http(&composite("baggage"), &[("baggage", header)]);
        assert_eq!(describe(&extracted), expected, "{header}");
    }
}

#[test]
fn properties_go_on_as_they_came() {
    let composite = composite("baggage");
    let read = extract_http(&composite, &[("baggage", "a=1 ; p ;; q = %20x ,b=2;p=1;p=2")]).ok().flatten();
    let context = read.expect("baggage");
    let [a, b] = context.baggage_items() else { panic!("{context:?}") };
    assert_eq!(a.property_values().collect::<Vec<_>>(), [("p", None), ("q", Some(Cow::Borrowed(" x")))]);
    assert_eq!(b.property_values().count(), 2);
    assert_eq!((a.properties(), b.properties()), ("p;q=%20x", "p=1;p=2"));
    assert_eq!(inject_http(&composite, &context), ["baggage: a=1;p;q=%20x,b=2;p=1;p=2"]);
}

#[test]
fn properties_that_would_break_the_header_are_left_out() {
    /// Hands over an item that no header could have.
    #[derive(Debug)]
    struct Odd;

    impl TextFormat for Odd {
        fn name(&self) -> &'static str {
            "odd"
        }

        fn fields(&self, _: Medium) -> &[&'static Field] {
            &[]
        }

        fn extract(&self, _: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
            found.add_baggage(BaggageItem::with_properties("a", "1", "p=x,evil=2"));
            Ok(())
        }

        fn inject(&self, _: &SpanContext, _: &mut dyn TextMapWriter, _: &Injection) {}
    }

    let composite = Composite::empty().reading(Odd).with(W3cBaggage::new());
    // The earlier format wins, and the other's items come behind.
    let context = extract_http(&composite, &[("baggage", "a=2,b=3")]).ok().flatten().expect("baggage");
    assert_eq!(inject_http(&composite, &context), ["baggage: a=1,b=3"]);
}

//! W3C Baggage, as the only format.

use opentracing_core::SpanContext;
use opentracing_core::propagation::{Composite, HttpHeaders, Propagator, W3cBaggage};
use serde_json::Value;

use super::carrier::{Lines, carriers, header, text};
use super::report::Report;

type Member = (String, String, Vec<(String, Option<String>)>);

pub(super) fn run(file: &Value, report: &mut Report) {
    let composite = Composite::empty().with(W3cBaggage::new());
    let composite: &dyn Propagator<HttpHeaders> = &composite;
    for case in report.list(file, "cases") {
        for carrier in carriers(&case["headers"]) {
            let context = composite.extract(&*carrier).ok().flatten().unwrap_or(SpanContext::empty());
            let mut check = report.case(case, carrier.label());
            check.known_keys(&case["expect"], &["members"]);
            check.known_keys(&case["reinject"], &["baggage"]);
            let mut expected: Vec<Member> =
                case["expect"]["members"].as_array().into_iter().flatten().map(wanted).collect();
            // The limit that the specification asks for is the one that we have.
            if case["also_allowed"] == "the first 64" {
                expected.truncate(64);
            }
            check.equal("members", members(&context), expected);
            check.check("no ids", !context.is_valid());
            if case["reinject"].is_object() {
                let mut out = Lines::default();
                let injected = composite.inject(&context, &mut out);
                check.equal("injected", injected.is_ok(), context.baggage().next().is_some());
                check.equal("baggage sent", header(&out, "baggage").as_deref(), case["reinject"]["baggage"].as_str());
            }
        }
    }
}

fn wanted(member: &Value) -> Member {
    let property = |property: &Value| (text(&property[0]).to_owned(), property[1].as_str().map(replaced));
    let properties = member[2].as_array().into_iter().flatten().map(property).collect();
    (text(&member[0]).to_owned(), replaced(text(&member[1])), properties)
}

fn members(context: &SpanContext) -> Vec<Member> {
    let member = |item: &opentracing_core::BaggageItem| {
        let property =
            |(key, value): (&str, Option<std::borrow::Cow<'_, str>>)| (key.to_owned(), value.as_deref().map(replaced));
        (item.key().to_owned(), replaced(item.value()), item.property_values().map(property).collect())
    };
    context.baggage_items().iter().map(member).collect()
}

/// How many U+FFFD stand for several bad bytes may vary.
fn replaced(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("\u{fffd}\u{fffd}") {
        text = text.replace("\u{fffd}\u{fffd}", "\u{fffd}");
    }
    text
}

//! What proptest makes up.

use opentracing_core::propagation::Medium;
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};
use proptest::collection::vec;
use proptest::prelude::*;

use super::wire::{Formats, MEDIA, Wire};

/// Any of those that composites read and write.
pub(crate) fn medium() -> impl Strategy<Value = Medium> {
    proptest::sample::select(&MEDIA)
}

/// Few headers or many, of the formats and others, several of the same name, with values that may be no text.
pub(crate) fn carrier(formats: &Formats) -> impl Strategy<Value = Wire> + use<> {
    let (fields, prefixes) = formats.field_names();
    let names: Vec<_> = fields.iter().chain(prefixes).cloned().collect();
    let name = (proptest::sample::select(names), ".{0,3}", any::<bool>());
    let name = name.prop_map({
        let fields = fields.to_vec();
        move |(name, rest, upper)| {
            let name = if upper { name.to_ascii_uppercase() } else { name };
            if fields.iter().any(|field| field.eq_ignore_ascii_case(&name)) { name } else { name + &rest }
        }
    });
    let name = prop_oneof![9 => name, 1 => ".{0,12}"].boxed();
    let headers = vec((name, value()), 0..6);
    // The last one again and again, where it is baggage under names of its own.
    let more = prop_oneof![9 => Just(0_usize), 1 => 0..300_usize];
    (headers, more).prop_map({
        let prefixes = prefixes.to_vec();
        move |(mut headers, more)| {
            if let Some((name, value)) = headers.last().cloned() {
                let is_item = prefixes.iter().any(|prefix| name.starts_with(prefix));
                let more = (0..more).map(|at| if is_item { format!("{name}{at}") } else { name.clone() });
                headers.extend(more.map(|name| (name, value.clone())));
            }
            Wire(headers)
        }
    })
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let digits = "[0-9a-fA-F:;=,%/. +-]{0,40}".prop_map(String::into_bytes);
    let long = (any::<u8>(), 0..30_000_usize).prop_map(|(byte, len)| vec![byte; len]);
    let ids = "(00-)?[0-9a-f]{32}[-:/;][0-9a-f]{16}[-:;]?[0-9d]?[0-9]?".prop_map(String::into_bytes);
    let list = ("[a-z%]{1,3}=[a-z0-9%;+]{0,6}", 1..80_usize);
    let list = list.prop_map(|(member, count)| {
        let members = (0..count).map(|at| format!("{at}{member}"));
        members.collect::<Vec<_>>().join(",").into_bytes()
    });
    let bytes = vec(any::<u8>(), 0..30);
    let flags = proptest::sample::select(&["0", "1", "d", "true", "False", "?", "", " 1 ", "-1"]);
    prop_oneof![3 => digits, 1 => long, 3 => ids, 2 => list, 2 => bytes, 2 => flags.prop_map(|flag| flag.into())]
}

/// With and without ids, and with ids that some formats cannot say.
pub(crate) fn context() -> impl Strategy<Value = SpanContext> {
    let half = || prop_oneof![2 => Just(0), 1 => Just(1), 1 => Just(u64::MAX), 6 => any::<u64>()];
    let sampling = vec![Sampling::Undecided, Sampling::NotSampled, Sampling::Sampled, Sampling::Debug];
    let ids = (half(), half(), half(), half());
    let marks = (proptest::sample::select(sampling), any::<bool>(), any::<bool>());
    let state = proptest::option::of(tracestate_in_order());
    let many = (key(), text(), 60..70_usize);
    let many = many
        .prop_map(|(key, value, count)| (0..count).map(|at| (format!("{key}{at}"), value.clone())).collect::<Vec<_>>());
    let items = prop_oneof![8 => vec((key(), text()), 0..4), 1 => many];
    (ids, marks, state, items).prop_map(|((high, low, span_id, parent_id), (sampling, random, short), state, items)| {
        let context = SpanContext::new(TraceId::from_parts(high, low), SpanId::new(span_id));
        let context = context.with_parent_id(SpanId::new(parent_id)).with_sampling(sampling);
        let context = context.with_random(random).with_64_bit(short && high == 0);
        let context = context.with_tracestate(&state.unwrap_or_default());
        items.iter().fold(context, |context, (key, value)| context.with_baggage_item(key, value))
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,6}", 2 => "[aAbB]", 2 => ".{0,6}", 1 => "traceid|SPANID|sample"]
}

fn text() -> impl Strategy<Value = String> {
    let long = (proptest::sample::select(&["\u{fc}", "%", "a", " "]), 2000..9000_usize);
    prop_oneof![5 => ".{0,8}", 3 => "[ -~]{0,12}", 1 => long.prop_map(|(part, count)| part.repeat(count))]
}

/// Without repeated keys.
fn tracestate_in_order() -> impl Strategy<Value = String> {
    let member = ("[a-z0-9][a-z0-9_*/@-]{0,8}", "[!-+\\--<>-~]{1,20}");
    (vec(member, 1..4), 1..31_usize).prop_map(|(members, count)| {
        let members = members.iter().cycle().take(count).enumerate();
        members.map(|(at, (key, value))| format!("{key}{at}={value}")).collect::<Vec<_>>().join(",")
    })
}

/// A list, or nearly one.
pub(crate) fn tracestate() -> impl Strategy<Value = String> {
    prop_oneof![tracestate_in_order(), "([a-z]{1,2}=?[ -~]{0,3}[, \t]){0,40}", any::<String>()]
}

/// Bytes in Jaeger's layout, or nearly so.
pub(crate) fn binary() -> impl Strategy<Value = Vec<u8>> {
    let len = || prop_oneof![6 => 0..9_u32, 1 => 8000..20_000_u32, 1 => any::<u32>()];
    let text = (len(), any::<bool>()).prop_map(|(len, lies)| {
        let mut text = if lies { len.wrapping_add(1) } else { len }.to_be_bytes().to_vec();
        text.resize(4 + (len as usize).min(20_000), b'x');
        text
    });
    (vec(any::<u8>(), 33), prop_oneof![0..9_u32, 0..200_u32, any::<u32>()], vec(text, 0..90)).prop_map(
        |(mut carrier, count, texts)| {
            carrier.extend_from_slice(&count.to_be_bytes());
            texts.iter().for_each(|text| carrier.extend_from_slice(text));
            carrier
        },
    )
}

/// What happens to headers on the way.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A byte of a value becomes another.
    Byte(usize, usize, u8),
    /// A value ends early.
    Cut(usize, usize),
    /// A header comes twice.
    Repeat(usize),
    /// A header is lost.
    Lose(usize),
}

/// A few of them.
pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        (any::<usize>(), any::<usize>(), prop_oneof![any::<u8>(), (b'0'..=b'g'), Just(b'%')])
            .prop_map(|(header, at, byte)| Change::Byte(header, at, byte)),
        (any::<usize>(), any::<usize>()).prop_map(|(header, len)| Change::Cut(header, len)),
        any::<usize>().prop_map(Change::Repeat),
        any::<usize>().prop_map(Change::Lose),
    ];
    vec(change, 0..6)
}

impl Change {
    /// Does it.
    pub(crate) fn apply(&self, Wire(headers): &mut Wire) {
        let (Change::Byte(header, ..) | Change::Cut(header, _) | Change::Repeat(header) | Change::Lose(header)) = self;
        let Some(at) = header.checked_rem(headers.len()) else { return };
        let value = &mut headers[at].1;
        match self {
            Change::Byte(_, place, byte) => {
                let place = place.checked_rem(value.len());
                place.and_then(|place| value.get_mut(place)).into_iter().for_each(|old| *old = *byte);
            }
            Change::Cut(_, len) => value.truncate(len.checked_rem(value.len()).unwrap_or(0)),
            Change::Repeat(_) => headers.push(headers[at].clone()),
            Change::Lose(_) => drop(headers.remove(at)),
        }
    }
}

//! Tail sampling, an addition of our own to the format.

use std::time::Duration;

use opentracing_core::{Rule, SpanKind};

use super::field::{Field, Section, Warnings};
use super::invalid::Problem;
use crate::tail_sampling::{ComparedSpans, TailRule, TailSampling, TailSettings};

/// `tracer_provider.tail_sampling`.
pub(super) fn read(mut keys: Section<'_>, warnings: &mut Warnings) -> Result<TailSettings, Problem> {
    let mut tail = TailSampling::new();
    for item in keys.items("rules")? {
        tail = tail.rule(rule(&item, warnings)?);
    }
    if let Some(share) = keys.read("share", Field::ratio)? {
        tail = tail.share(share);
    }
    if let Some(field) = keys.get("traces_per_second") {
        match field.number()? {
            Some(rate) if rate >= 0.0 && rate.is_finite() => tail = tail.traces_per_second(rate),
            Some(rate) => return Err(field.invalid(format_args!("is {rate}, but must be at least 0"))),
            None => {}
        }
    }
    if keys.read("errors", Field::flag)? == Some(false) {
        tail = tail.without_errors();
    }
    let mut set = |key, set: fn(TailSampling, Duration) -> TailSampling| {
        if let Some(millis) = keys.read(key, |field| field.count(0))? {
            tail = set(tail.clone(), Duration::from_millis(millis));
        }
        Ok(())
    };
    set("slow", TailSampling::slow)?;
    set("slow_root", TailSampling::slow_root)?;
    set("grace", TailSampling::grace)?;
    set("max_age", TailSampling::max_age)?;
    if let Some(field) = keys.get("quantile") {
        tail = match field.text()? {
            Some("off") => tail.without_slower_than_usual(),
            _ => field.ratio()?.map_or_else(|| tail.clone(), |quantile| tail.clone().slower_than_usual(quantile)),
        };
    }
    if let Some(field) = keys.get("compared_spans") {
        tail = match field.text()? {
            Some("all") => tail.compared_spans(ComparedSpans::All),
            Some("local_roots") | None => tail.compared_spans(ComparedSpans::LocalRoots),
            Some(other) => return Err(field.invalid(format_args!("is {other:?}, neither local_roots nor all"))),
        };
    }
    if let Some(spans) = keys.read("max_spans", |field| field.count(0))? {
        tail = tail.max_spans(usize::try_from(spans).unwrap_or(usize::MAX));
    }
    if let Some(bytes) = keys.read("max_bytes", |field| field.count(0))? {
        tail = tail.max_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if keys.read("decide_sampled", Field::flag)? == Some(true) {
        tail = tail.decide_sampled();
    }
    let deferred_as_sampled = match keys.get("wire") {
        None => false,
        Some(field) => match field.text()? {
            Some("sampled") => true,
            Some("not_sampled") | None => false,
            Some(other) => return Err(field.invalid(format_args!("is {other:?}, neither not_sampled nor sampled"))),
        },
    };
    keys.end(warnings);
    Ok(TailSettings { tail, deferred_as_sampled })
}

fn rule(item: &Field<'_>, warnings: &mut Warnings) -> Result<TailRule, Problem> {
    let mut keys = item.section()?;
    let name_field = keys.required("name")?;
    let name = name_field.text()?.unwrap_or_default();
    if name.is_empty() {
        return Err(name_field.invalid("is empty"));
    }
    let mut conditions = Rule::new();
    if let Some(operation) = keys.text("operation")? {
        conditions = conditions.operation(operation);
    }
    if let Some(field) = keys.get("kind") {
        let kind = field.text()?.unwrap_or_default();
        let known = SpanKind::from_tag(kind);
        conditions =
            conditions.kind(known.ok_or_else(|| field.invalid(format_args!("is {kind:?}, not a kind of span")))?);
    }
    for tag in keys.items("tags")? {
        let mut tag_keys = tag.section()?;
        let key = tag_keys.required("key")?.text()?.unwrap_or_default();
        conditions = match tag_keys.text("value")? {
            Some(value) => conditions.tag_value(key, value),
            None => conditions.tag(key),
        };
        tag_keys.end(warnings);
    }
    let decision = keys.required("decision")?;
    let mut rule = match decision.text()? {
        Some("keep") => TailRule::keep(name, conditions),
        Some("drop") => TailRule::drop(name, conditions),
        Some("share") => {
            let share = keys.required("share")?.ratio()?.unwrap_or(1.0);
            TailRule::share(name, conditions, share)
        }
        other => {
            let other = other.unwrap_or_default();
            return Err(decision.invalid(format_args!("is {other:?}, neither keep nor drop nor share")));
        }
    };
    if let Some(field) = keys.get("statuses") {
        let text = field.text()?.unwrap_or_default();
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let parsed = |text: &str| text.trim().parse::<u16>().ok();
        let (Some(from), Some(to)) = (parsed(from), parsed(to)) else {
            return Err(field.invalid(format_args!("is {text:?}, not a status such as 404 or a range such as 400-499")));
        };
        rule = rule.statuses(from..=to);
    }
    if let Some(millis) = keys.read("at_least", |field| field.count(0))? {
        rule = rule.at_least(Duration::from_millis(millis));
    }
    if keys.read("failed", Field::flag)? == Some(true) {
        rule = rule.failed();
    }
    if keys.read("local_root", Field::flag)? == Some(true) {
        rule = rule.local_root();
    }
    keys.end(warnings);
    Ok(rule)
}

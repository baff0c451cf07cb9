//! Sampling rules by operation name, kind and tags.

use crate::model::kind::SpanKind;
use crate::model::value::Value;
use crate::reporter::finished::FinishedSpan;
use crate::sampler::{Decision, Sampler, SamplerStats, SamplingDetails, SamplingParams};

/// Delegates to the sampler of the first rule that matches the span, or else to a default sampler.
///
/// The sampling decision of a remote parent always wins, also if the sampler of a rule would [override](Sampler::overrides_remote) it. To
/// apply rules to such spans, wrap the rules in [`ParentBased`](crate::ParentBased).
///
/// ```
/// use opentracing_core::{ConstSampler, ProbabilisticSampler, Rule, RuleSampler, SpanKind, Tracer};
///
/// let sampler = RuleSampler::new(ProbabilisticSampler::new(1.0))
///     .rule(Rule::new().operation("GET /health*").kind(SpanKind::Server), ConstSampler::off())
///     .rule(Rule::new().tag("debug"), ConstSampler::on());
/// let (tracer, _drain) = Tracer::builder("shop").sampler(sampler).build();
/// assert!(!tracer.span("GET /healthz").kind(SpanKind::Server).start().is_recording());
/// assert!(tracer.span("GET /cart").kind(SpanKind::Server).start().is_recording());
/// ```
#[derive(Debug)]
pub struct RuleSampler {
    rules: Vec<(Rule, Box<dyn Sampler>)>,
    otherwise: Box<dyn Sampler>,
}

impl RuleSampler {
    /// Creates a sampler without rules. `otherwise` decides if no rule matches.
    pub fn new(otherwise: impl Sampler) -> Self {
        RuleSampler { rules: Vec::new(), otherwise: Box::new(otherwise) }
    }

    /// Adds a rule. Its sampler decides if the rule matches and no earlier rule does.
    #[must_use]
    pub fn rule(mut self, rule: Rule, sampler: impl Sampler) -> Self {
        self.rules.push((rule, Box::new(sampler)));
        self
    }
}

impl Sampler for RuleSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        self.decide_with_details(params, &mut SamplingDetails::default())
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        let matching = self.rules.iter().find(|(rule, _)| rule.matches(params));
        matching.map_or(&self.otherwise, |(_, sampler)| sampler).decide_with_details(params, details)
    }

    fn reads_tags(&self) -> bool {
        let any = self.rules.iter().any(|(rule, sampler)| !rule.tags.is_empty() || sampler.reads_tags());
        any || self.otherwise.reads_tags()
    }

    fn stats(&self) -> SamplerStats {
        let all = self.rules.iter().map(|(_, sampler)| sampler).chain([&self.otherwise]);
        SamplerStats::sum(all.map(|sampler| sampler.stats()))
    }
}

/// The conditions of a rule in [`RuleSampler`]. All conditions must hold. A rule without conditions matches every span.
///
/// ```
/// use opentracing_core::{ConstSampler, Rule, RuleSampler, Tracer};
///
/// let rule = Rule::new().operation("GET /*").tag_value("tenant", "test");
/// let sampler = RuleSampler::new(ConstSampler::on()).rule(rule, ConstSampler::off());
/// let (tracer, _drain) = Tracer::builder("shop").sampler(sampler).build();
/// assert!(!tracer.span("GET /cart").tag("tenant", "test").start().is_recording());
/// assert!(tracer.span("GET /cart").tag("tenant", "acme").start().is_recording());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a rule does nothing until it is given to a sampler"]
pub struct Rule {
    operation: Option<Pattern>,
    kind: Option<SpanKind>,
    tags: Vec<(Box<str>, Option<Box<str>>)>,
}

#[derive(Clone, Debug)]
enum Pattern {
    Exact(Box<str>),
    Prefix(Box<str>),
}

impl Rule {
    /// Creates a rule that matches every span.
    pub fn new() -> Self {
        Rule::default()
    }

    /// Matches spans that start with this operation name. A `*` at the end of the pattern matches any suffix; elsewhere it has no special
    /// meaning. Names are case-sensitive.
    pub fn operation(mut self, pattern: &str) -> Self {
        self.operation = Some(match pattern.strip_suffix('*') {
            Some(prefix) => Pattern::Prefix(prefix.into()),
            None => Pattern::Exact(pattern.into()),
        });
        self
    }

    /// Matches spans that start with this kind.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Matches spans that start with this tag, with any value. `span.kind` is not a tag; use [`kind`](Rule::kind).
    pub fn tag(mut self, key: &str) -> Self {
        self.tags.push((key.into(), None));
        self
    }

    /// Matches spans that start with this tag and value. If the tag is set several times, its last value counts. Numbers are compared in
    /// decimal form, and Booleans as `true` and `false`.
    pub fn tag_value(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.into(), Some(value.into())));
        self
    }

    /// Whether a finished span matches, by its last operation name and all of its tags. For decisions at the end of a trace.
    pub fn matches_finished(&self, span: FinishedSpan<'_>) -> bool {
        self.matches_parts(span.operation_name(), span.kind(), |key| span.tag(key))
    }

    fn matches(&self, params: &SamplingParams<'_>) -> bool {
        let tag = |key: &str| params.tags.iter().rev().find(|(name, _)| name.as_str() == key).map(|(_, value)| *value);
        self.matches_parts(params.operation_name, params.kind, tag)
    }

    fn matches_parts<'v>(&self, name: &str, kind: SpanKind, tag: impl Fn(&str) -> Option<Value<'v>>) -> bool {
        let operation = match &self.operation {
            None => true,
            Some(Pattern::Exact(expected)) => name == &**expected,
            Some(Pattern::Prefix(prefix)) => name.starts_with(&**prefix),
        };
        let tag_matches = |(key, expected): &(Box<str>, Option<Box<str>>)| {
            tag(key).is_some_and(|value| expected.as_deref().is_none_or(|expected| is_value(&value, expected)))
        };
        operation && self.kind.is_none_or(|expected| expected == kind) && self.tags.iter().all(tag_matches)
    }
}

fn is_value(value: &Value<'_>, expected: &str) -> bool {
    match value.as_text() {
        Some(text) => text == expected,
        None => value.to_string() == expected,
    }
}

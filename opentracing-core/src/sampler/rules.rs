//! Different samplers for different operations, kinds and tags.

use crate::model::kind::SpanKind;
use crate::model::value::Value;
use crate::sampler::{Decision, Sampler, SamplerStats, SamplingDetails, SamplingParams};

/// Asks the sampler of the first rule that fits, or else a last one.
///
/// As every sampler, it is asked about spans that begin a trace here. Where a remote parent has decided, that holds, also if a sampler
/// of a rule would override it; [`ParentBased`](crate::ParentBased) around the rules changes that.
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
    /// Asks that sampler where no rule fits.
    pub fn new(otherwise: impl Sampler) -> Self {
        RuleSampler { rules: Vec::new(), otherwise: Box::new(otherwise) }
    }

    /// Asks that sampler where the rule fits and none before it does.
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

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        let fitting = self.rules.iter().find(|(rule, _)| rule.fits(params));
        fitting.map_or(&self.otherwise, |(_, sampler)| sampler).decide_with_details(params, notes)
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

/// Which spans a sampler is asked about. Fits all at first; every condition that is added must hold.
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
    /// A rule that fits every span.
    pub fn new() -> Self {
        Rule::default()
    }

    /// The operation name at the start is that one; with a `*` at its end, it begins so. A `*` elsewhere is an ordinary character, and
    /// letter case counts.
    pub fn operation(mut self, pattern: &str) -> Self {
        self.operation = Some(match pattern.strip_suffix('*') {
            Some(prefix) => Pattern::Prefix(prefix.into()),
            None => Pattern::Exact(pattern.into()),
        });
        self
    }

    /// The span has that role at its start.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// There is a start tag of that name, whatever its value. Its role a span has as its kind, not as a tag.
    pub fn tag(mut self, key: &str) -> Self {
        self.tags.push((key.into(), None));
        self
    }

    /// The last start tag of that name has that value; numbers and truth values are compared in their decimal form and as `true` and
    /// `false`.
    pub fn tag_value(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.into(), Some(value.into())));
        self
    }

    fn fits(&self, params: &SamplingParams<'_>) -> bool {
        let operation = match &self.operation {
            None => true,
            Some(Pattern::Exact(name)) => params.operation_name == &**name,
            Some(Pattern::Prefix(prefix)) => params.operation_name.starts_with(&**prefix),
        };
        let tag_fits = |(key, expected): &(Box<str>, Option<Box<str>>)| {
            let tag = params.tags.iter().rev().find(|(name, _)| name.as_str() == &**key);
            tag.is_some_and(|(_, value)| expected.as_deref().is_none_or(|expected| is_value(value, expected)))
        };
        operation && self.kind.is_none_or(|kind| kind == params.kind) && self.tags.iter().all(tag_fits)
    }
}

fn is_value(value: &Value<'_>, expected: &str) -> bool {
    match value.as_text() {
        Some(text) => text == expected,
        None => value.to_string() == expected,
    }
}

//! The sampler.

use std::time::Duration;

use opentracing_core::{
    ConsistentProbabilitySampler, ConstSampler, Decision, ParentBased, RemoteSampler, Sampler, TraceIdRatioSampler,
};

use super::exporters::Context;
use super::field::Field;
use super::invalid::Problem;
use crate::connection::Endpoint;

/// A sampler, and the servers that its parts must poll.
pub(crate) struct FileSampler {
    pub(crate) sampler: Box<dyn Sampler>,
    /// Decides also about traces with a remote decision, as every sampler that is not parent based.
    pub(crate) asks_anew: bool,
    pub(crate) polls: Vec<RemotePoll>,
}

/// A sampler whose strategy comes from a Jaeger server.
pub(crate) struct RemotePoll {
    pub(crate) sampler: RemoteSampler,
    pub(crate) endpoint: Endpoint,
    pub(crate) interval: Option<Duration>,
}

/// `parent_based` with `always_on`, as in OpenTelemetry.
impl Default for FileSampler {
    fn default() -> Self {
        FileSampler { sampler: Box::new(ConstSampler::on()), asks_anew: false, polls: Vec::new() }
    }
}

impl FileSampler {
    /// Records every trace, for tail sampling.
    pub(super) fn recording() -> Self {
        FileSampler { sampler: Box::new(ConstSampler::new(Decision::Record)), ..FileSampler::default() }
    }

    pub(super) fn read(field: &Field<'_>, context: &mut Context<'_>) -> Result<Self, Problem> {
        let mut polls = Vec::new();
        let plan = Plan::read(field, &mut polls, context)?;
        Ok(FileSampler { sampler: plan.build(), asks_anew: !matches!(plan, Plan::ParentBased { .. }), polls })
    }
}

/// A sampler as the file describes it.
enum Plan {
    Constant(bool),
    TraceIdRatio(f64),
    Probability(f64),
    Remote(RemoteSampler),
    ParentBased { root: Box<Plan>, sampled: Option<Box<Plan>>, not_sampled: Option<Box<Plan>> },
}

impl Plan {
    fn read(field: &Field<'_>, polls: &mut Vec<RemotePoll>, context: &mut Context<'_>) -> Result<Self, Problem> {
        let (name, field) = field.only()?;
        let mut keys = field.section()?;
        let plan = match name {
            "always_on" => Plan::Constant(true),
            "always_off" => Plan::Constant(false),
            "trace_id_ratio_based" => Plan::TraceIdRatio(keys.read("ratio", Field::ratio)?.unwrap_or(1.0)),
            "probability" => Plan::Probability(keys.read("ratio", Field::ratio)?.unwrap_or(1.0)),
            "parent_based" => {
                for (key, only) in [("local_parent_sampled", "always_on"), ("local_parent_not_sampled", "always_off")] {
                    if let Some(local) = keys.get(key).filter(|local| !local.is_null())
                        && local.only()?.0 != only
                    {
                        context.warnings.add(&local, "is not supported", format_args!("using {only}"));
                    }
                }
                let mut part = |key| match keys.get(key).filter(|field| !field.is_null()) {
                    Some(field) => Plan::read(&field, polls, context).map(|plan| Some(Box::new(plan))),
                    None => Ok(None),
                };
                let root = part("root")?.unwrap_or_else(|| Box::new(Plan::Constant(true)));
                // Nothing overrides a remote decision if these are the defaults.
                let sampled = part("remote_parent_sampled")?.filter(|plan| !matches!(**plan, Plan::Constant(true)));
                let not_sampled = part("remote_parent_not_sampled")?;
                let not_sampled = not_sampled.filter(|plan| !matches!(**plan, Plan::Constant(false)));
                Plan::ParentBased { root, sampled, not_sampled }
            }
            "jaeger_remote" => {
                let endpoint = keys.required("endpoint")?;
                let address = endpoint.text()?.unwrap_or_default();
                let scheme = if address.contains("://") { "" } else { "http://" };
                let parsed = context.endpoint(&format!("{scheme}{address}"));
                let initial = Plan::read(&keys.required("initial_sampler")?, polls, context)?;
                let sampler = RemoteSampler::new(initial.build());
                polls.push(RemotePoll {
                    sampler: sampler.clone(),
                    endpoint: parsed.map_err(|error| endpoint.invalid(format_args!("is invalid ({error})")))?,
                    interval: keys.read("interval", |field| field.count(0))?.map(Duration::from_millis),
                });
                Plan::Remote(sampler)
            }
            _ => {
                context.warnings.add(&field, "is not supported", "using parent_based with always_on");
                return Ok(Plan::ParentBased {
                    root: Box::new(Plan::Constant(true)),
                    sampled: None,
                    not_sampled: None,
                });
            }
        };
        keys.end(context.warnings);
        Ok(plan)
    }

    fn build(&self) -> Box<dyn Sampler> {
        match self {
            Plan::Constant(true) => Box::new(ConstSampler::on()),
            Plan::Constant(false) => Box::new(ConstSampler::off()),
            Plan::TraceIdRatio(ratio) => Box::new(TraceIdRatioSampler::new(*ratio)),
            Plan::Probability(ratio) => Box::new(ConsistentProbabilitySampler::new(*ratio)),
            Plan::Remote(sampler) => Box::new(sampler.clone()),
            Plan::ParentBased { root, sampled: None, not_sampled: None } => root.build(),
            Plan::ParentBased { root, sampled, not_sampled } => {
                let mut sampler = ParentBased::new(root.build());
                if let Some(sampled) = sampled {
                    sampler = sampler.remote_sampled(sampled.build());
                }
                if let Some(not_sampled) = not_sampled {
                    sampler = sampler.remote_not_sampled(not_sampled.build());
                }
                Box::new(sampler)
            }
        }
    }
}

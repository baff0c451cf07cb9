//! The transport to Instana, against a stand-in that refuses what the real one does not document.

pub(crate) mod agent;
mod lookup;
mod refusals;
mod requests;
mod serverless;
mod spans;
mod vectors;

use std::io;

use opentracing_core::{Tracer, TracerBuilder};
use opentracing_reporter::{BatchReporter, Instana, InstanaAgentFallback, InstanaRootExits, InstanaSpanFormat};
use serde_json::Value;

use self::agent::{Judge, StandIn};
use crate::support::transports::{NEVER, PATIENCE};

/// A transport to the stand-in only, without a fallback.
fn instana(agent: &StandIn) -> Instana {
    Instana::agent(&agent.url()).expect("an address").agent_fallback(InstanaAgentFallback::None)
}

/// The spans that arrive of those that the closure records. Nothing may be refused.
#[track_caller]
fn reported(
    form: InstanaSpanFormat,
    root_exits: InstanaRootExits,
    builder: TracerBuilder,
    work: impl FnOnce(&Tracer),
) -> io::Result<Vec<Value>> {
    let agent = StandIn::start(0, Judge::default())?;
    let transport = instana(&agent).span_format(form).root_exits(root_exits);
    let (tracer, guard) = BatchReporter::new(transport).batch_delay(NEVER).start(builder)?;
    work(&tracer);
    let closed = guard.close(PATIENCE);
    assert_eq!(agent.judge().refusals, []);
    assert_eq!(closed, Ok(()));
    Ok(agent.judge().spans.clone())
}

//! What can be chosen about the way to Instana.

use std::path::PathBuf;

/// In which form spans reach the agent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum InstanaSpanFormat {
    /// As Instana's own tracers report them, to `generic.rawtrace`: with what a trace has to do with others (`lt`, `tp`, `ia`), the
    /// names that Instana knows for HTTP, gRPC, SQL and messages, and warnings and errors as log spans.
    #[default]
    Native,
    /// Those of the Trace Web Service, `generic.trace`: the documented one, with less in it. A span may have 4 KiB there; of a larger
    /// one values are cut.
    TraceWebService,
}

/// What becomes of outgoing calls that no span of a trace made: of a start-up routine, a clock, a command-line program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum InstanaRootExits {
    /// They are not reported, as by Instana's own tracers. They count neither as sent nor as lost.
    #[default]
    Suppressed,
    /// They are reported (`INSTANA_ALLOW_ROOT_EXIT_SPAN`).
    Reported,
}

/// Where to look for an agent that is not at its address.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum InstanaAgentFallback {
    /// At the default gateway, which for a container is its host, by the same port. The routes are those in `/proc/net/route`.
    #[default]
    DefaultGateway,
    /// The same, with the routes in that file.
    DefaultGatewayIn(PathBuf),
    /// Nowhere.
    None,
}

//! Settings of the transport to Instana.

use std::path::PathBuf;

/// The format of spans for the Instana agent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum InstanaSpanFormat {
    /// The format of Instana's own tracers, `generic.rawtrace`: with correlation to other traces (`lt`, `tp`, `ia`), Instana's span types
    /// for HTTP, gRPC, SQL and messages, and log spans for warnings and errors.
    #[default]
    Native,
    /// The documented format of the Trace Web Service, `generic.trace`, which contains less. A span has at most 4 KiB; the values of a
    /// larger one are truncated.
    TraceWebService,
}

/// Whether the Instana transport reports exit spans without a parent. Such calls come from a start-up routine, a timer or a command-line
/// program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum InstanaRootExits {
    /// Not reported, as by Instana's own tracers. These spans count neither as sent nor as dropped.
    #[default]
    Suppressed,
    /// Reported (`INSTANA_ALLOW_ROOT_EXIT_SPAN`).
    Reported,
}

/// Where to look for an Instana agent that is not at its address.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum InstanaAgentFallback {
    /// At the default gateway, which is the host of a container, on the same port. The gateway is read from `/proc/net/route`.
    #[default]
    DefaultGateway,
    /// At the default gateway, read from the routes in this file.
    DefaultGatewayIn(PathBuf),
    /// Nowhere.
    None,
}

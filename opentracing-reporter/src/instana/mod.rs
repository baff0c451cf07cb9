//! The transport to Instana, through its agent or the serverless endpoint.

mod channel;
mod data;
mod encoding;
mod facts;
mod gateway;
mod log_spans;
mod lookup;
mod native;
mod settings;
mod span_type;
mod web_service;

use std::fmt;

pub use self::settings::{InstanaAgentFallback, InstanaRootExits, InstanaSpanFormat};

use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings, export_transport};
use crate::instana::channel::InstanaChannel;
use crate::instana::encoding::InstanaEncoding;
use crate::instana::lookup::AgentLookup;
use crate::instana::native::Entity;
use crate::retry::Pace;

/// Sends spans to Instana.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Instana};
///
/// let (tracer, _guard) = BatchReporter::new(Instana::new()).start(Tracer::builder("shop"))?;
/// # drop(tracer);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Agent
///
/// The transport looks for the agent with `GET /`: first at its address, then at the [default gateway](InstanaAgentFallback). While there
/// is none, spans wait up to the reporter's queue size, and the search is repeated with backoff, after 1 to 30 seconds. A restarted agent
/// is found in the same way. The process is not announced to the agent, since no announcement is known for Rust.
///
/// The transport is named `instana`, with [`InstanaSpanFormat::TraceWebService`] `instana-trace`, and without an agent
/// `instana-serverless`. Each has a subfolder of its own in a [`Spool`](crate::Spool), since spooled spans are already encoded.
///
/// It respects the limits of the agent: 1,000 spans and 4 MiB per request, one connection, and 20 requests per second, which all tracers
/// of the process with the same agent share. With [`InstanaSpanFormat::TraceWebService`] a span has at most 4 KiB: values are
/// truncated to 256 bytes first, then omitted.
///
/// # Span types
///
/// | span | `n` | `data` |
/// |---|---|---|
/// | entry and exit spans of HTTP | `g.http`, `http` | `http`: `method`, `host`, `url`, `params`, `status`, `path_tpl`, `header`, `protocol`, `error` |
/// | of gRPC | `rpc-server`, `rpc-client` | `rpc`: `flavor`, `call`, `error`; of a client also `host` and `port` |
/// | of Kafka | `kafka` | `kafka`: `service`, `access`, `error` |
/// | of RabbitMQ | `rabbitmq` | `rabbitmq`: `sort`, `exchange`, `queue`, `key`, `address`, `error` |
/// | client of PostgreSQL; of MySQL or MariaDB | `postgres`, `mysql` | `pg`, `mysql`: `stmt` (4,000 characters at most), `host`, `port`, `user`, `db`, `error` |
/// | any other | `sdk` | `sdk`: `name`, `type`, `arguments`, `return`, `custom` |
/// | a log at level WARN or above | `log` | `log`: `message`, `level`, `logger`, `parameters` |
///
/// The type follows from the tags, never from the operation name. Tags without a field of their own go to `data.sdk.custom.tags`. Local
/// root spans also have the tags of the process there. Logs that are not log spans go to `data.sdk.custom.logs`.
///
/// - `ec` is 1 for spans with the tag `error`, an HTTP status from 500 on, or a gRPC status other than OK; else 0. The error text is
///   truncated to 200 characters.
/// - Only the entry span that starts the service's part of a trace has these fields of the caller: the long trace id of 32 digits (`lt`),
///   a parent from `traceparent` (`tp`), the last Instana span before it (`ia`), the monitored end user (`crtp`, `crid`), and a health
///   check (`sy`).
/// - Log spans come from logs of entry and exit spans with a `level` of WARN or above, `event=error`, `error.kind` or `error.object`.
/// - Exit spans without a parent are [suppressed](Instana::root_exits) by default.
/// - A `peer.service` that was only derived from the host name is omitted: if both sides name a service, Instana's result is undefined.
/// - Of several references only the parent is reported, since Instana has no links.
pub struct Instana {
    exporter: Exporter<InstanaEncoding, InstanaChannel>,
}

impl Instana {
    /// Sends to the agent of this host, at `127.0.0.1:42699` or at the default gateway.
    #[must_use]
    pub fn new() -> Self {
        Instana::through_agent(Endpoint::local(AGENT_PORT))
    }

    /// Sends to the agent at this address, such as `http://10.0.0.5:42699`, or else at the [default gateway](Instana::agent_fallback).
    ///
    /// # Errors
    ///
    /// If the address is invalid. Nothing connects to it yet.
    pub fn agent<E>(agent: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: std::convert::From<E::Error>,
    {
        Ok(Instana::through_agent(agent.try_into()?))
    }

    /// Sends to Instana's serverless endpoint, without an agent. Instana provides its address (`INSTANA_ENDPOINT_URL`) and a key
    /// (`INSTANA_AGENT_KEY`). An `https` address needs the feature `tls`.
    ///
    /// Spans are always [native](InstanaSpanFormat::Native).
    ///
    /// # Errors
    ///
    /// If the address is invalid, or the key is not valid in a header.
    pub fn serverless<E>(endpoint: E, key: &str) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: std::convert::From<E::Error>,
    {
        let host = host_name().unwrap_or_else(|| std::process::id().to_string());
        let mut endpoint = endpoint.try_into()?.header("x-instana-key", key)?.header("x-instana-host", &host)?;
        endpoint.path = [endpoint.path.trim_end_matches('/'), "/bundle"].concat().into();
        let entity = Entity::Serverless { host: host.into() };
        Ok(Instana::with(entity, InstanaChannel::Serverless(HttpChannel::new(endpoint))))
    }

    fn through_agent(agent: Endpoint) -> Self {
        let entity = Entity::Process { id: std::process::id() };
        // The agent limits the requests of all tracers together.
        let pace = Pace::shared(&agent.authority);
        let mut transport = Instana::with(entity, InstanaChannel::Agent(AgentLookup::new(agent)))
            .span_format(InstanaSpanFormat::Native);
        transport.exporter.pace = pace;
        transport
    }

    fn with(entity: Entity, channel: InstanaChannel) -> Self {
        let encoding =
            InstanaEncoding { format: InstanaSpanFormat::default(), root_exits: InstanaRootExits::default(), entity };
        Instana { exporter: Exporter::new(encoding, channel) }
    }

    /// Sets the format of spans for the agent. [`InstanaSpanFormat::Native`] by default, and always with the serverless endpoint.
    ///
    /// Call it before [`spool`](Instana::spool), since a spool stores spans of one format. Afterwards it has no effect.
    #[must_use]
    pub fn span_format(mut self, format: InstanaSpanFormat) -> Self {
        let has_spool = self.exporter.has_spool();
        if let InstanaChannel::Agent(lookup) = &mut self.exporter.channel
            && !has_spool
        {
            self.exporter.encoding.format = format;
            lookup.set_path(match format {
                InstanaSpanFormat::Native => "/com.instana.plugin.generic.rawtrace",
                InstanaSpanFormat::TraceWebService => "/com.instana.plugin.generic.trace",
            });
        }
        self
    }

    /// Sets whether exit spans without a parent are reported. [`InstanaRootExits::Suppressed`] by default.
    #[must_use]
    pub fn root_exits(mut self, root_exits: InstanaRootExits) -> Self {
        self.exporter.encoding.root_exits = root_exits;
        self
    }

    /// Sets where to look for an agent that is not at its address. [`InstanaAgentFallback::DefaultGateway`] by default. Has no effect
    /// with the serverless endpoint.
    #[must_use]
    pub fn agent_fallback(mut self, fallback: InstanaAgentFallback) -> Self {
        if let InstanaChannel::Agent(lookup) = &mut self.exporter.channel {
            lookup.fallback = fallback;
        }
        self
    }
}

export_settings!(Instana);
export_transport!(Instana, |it| it.exporter.encoding.name());

impl Default for Instana {
    fn default() -> Self {
        Instana::new()
    }
}

impl fmt::Debug for Instana {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instana").field(&self.exporter).finish()
    }
}

const AGENT_PORT: u16 = 42699;

/// The host name, which Linux has in a file.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

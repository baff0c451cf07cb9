//! Instana: by its agent, or by the serverless endpoint.

mod channel;
mod data;
mod encoding;
mod facts;
mod family;
mod gateway;
mod log_spans;
mod lookup;
mod native;
mod settings;
mod web_service;

use std::fmt;

pub use self::settings::{InstanaAgentFallback, InstanaRootExits, InstanaSpanFormat};

use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings, export_transport};
use crate::instana::channel::InstanaChannel;
use crate::instana::encoding::InstanaEncoding;
use crate::instana::lookup::Lookup;
use crate::instana::native::From;
use crate::retry::Pace;

/// Sends spans to Instana.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Instana};
///
/// let (tracer, guard) = BatchReporter::new(Instana::new()).start(Tracer::builder("shop"))?;
/// # drop((tracer, guard));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Agent
///
/// The agent of the host is asked for at its address, then at the [default gateway](InstanaAgentFallback), with `GET /`. While there is none,
/// spans wait, as many as the reporter's queue admits, and it is looked for again after 1 to 30 seconds. An agent that is restarted is
/// found again in the same way. Nothing is announced to it: there is no name for Rust processes that agents are known to take.
///
/// The transport calls itself `instana`, with [`InstanaSpanFormat::TraceWebService`] `instana-trace`, without an agent `instana-serverless`: each
/// has a [`Spool`](crate::Spool) of its own, since what is kept there is encoded already.
///
/// Limits of the agent are kept: at most 1,000 spans and 4 MiB a request, 20 requests a second, which all tracers of the process that
/// report to that address share, one connection that stays open; with
/// [`InstanaSpanFormat::TraceWebService`] 4 KiB a span, of which values are cut to 256 bytes first and then left out.
///
/// # What is reported
///
/// | span | `n` | `data` |
/// |---|---|---|
/// | server, consumer, client or producer of HTTP | `g.http`, `http` | `http`: `method`, `host`, `url`, `params`, `status`, `path_tpl`, `header`, `protocol`, `error` |
/// | of gRPC | `rpc-server`, `rpc-client` | `rpc`: `flavor`, `call`, `error`, of a client `host` and `port` |
/// | of Kafka | `kafka` | `kafka`: `service`, `access`, `error` |
/// | of RabbitMQ | `rabbitmq` | `rabbitmq`: `sort`, `exchange`, `queue`, `key`, `address`, `error` |
/// | client of PostgreSQL, of MySQL or MariaDB | `postgres`, `mysql` | `pg`, `mysql`: `stmt` (4,000 characters at most), `host`, `port`, `user`, `db`, `error` |
/// | any other | `sdk` | `sdk`: `name`, `type`, `arguments`, `return`, `custom` |
/// | a log at level WARN or above | `log` | `log`: `message`, `level`, `logger`, `parameters` |
///
/// What a span is goes by its tags, never by its name. Tags without a place of their own are in `data.sdk.custom.tags`, of the first
/// span of a service in a trace with the tags of the process; logs that are no log spans are in `data.sdk.custom.logs`.
///
/// - `ec` is 1 for what has the tag `error`, for a status of 500 and above and for every gRPC status but OK; else 0. The text of an
///   error is cut at 200 characters.
/// - The entry span that begins the service's part of a trace says what the caller said: all 32 digits of a long trace id (`lt`),
///   whether it came by `traceparent` (`tp`), Instana's last span before (`ia`), the monitored end user (`crtp`, `crid`), a health check
///   (`sy`). No other span does.
/// - Log spans are made of the logs of entries and exits whose field `level` says so or whose `event` is `error`; also of those with
///   `error.kind` or `error.object`.
/// - Exits without a parent are [held back](Instana::root_exits).
/// - A `peer.service` that was only derived from the host's name is left out: where both sides name a service, Instana's results are
///   undefined.
/// - Of several references the parent is reported; Instana has no links.
pub struct Instana {
    exporter: Exporter<InstanaEncoding, InstanaChannel>,
}

impl Instana {
    /// By the agent of this host, at `127.0.0.1:42699` or the default gateway.
    #[must_use]
    pub fn new() -> Self {
        Instana::by(Endpoint::local(AGENT_PORT))
    }

    /// By the agent at that address, such as `http://10.0.0.5:42699`, or else at the [default gateway](Instana::agent_fallback).
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn agent<E>(agent: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: std::convert::From<E::Error>,
    {
        Ok(Instana::by(agent.try_into()?))
    }

    /// Without an agent, to the endpoint of which Instana gives address (`INSTANA_ENDPOINT_URL`) and key (`INSTANA_AGENT_KEY`). An
    /// address with `https` needs the feature `tls`.
    ///
    /// Spans are always [native](InstanaSpanFormat::Native).
    ///
    /// # Errors
    ///
    /// If the address is none, or the key cannot stand in a header.
    pub fn serverless<E>(endpoint: E, key: &str) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: std::convert::From<E::Error>,
    {
        let host = host_name().unwrap_or_else(|| std::process::id().to_string());
        let mut endpoint = endpoint.try_into()?.header("x-instana-key", key)?.header("x-instana-host", &host)?;
        endpoint.path = [endpoint.path.trim_end_matches('/'), "/bundle"].concat().into();
        let from = From::Serverless { entity: host.into() };
        Ok(Instana::with(from, InstanaChannel::Serverless(HttpChannel::new(endpoint))))
    }

    fn by(agent: Endpoint) -> Self {
        let from = From::Process { id: std::process::id() };
        // The agent counts the calls of all tracers together.
        let pace = Pace::shared(&agent.authority);
        let mut transport =
            Instana::with(from, InstanaChannel::Agent(Lookup::new(agent))).span_format(InstanaSpanFormat::Native);
        transport.exporter.pace = pace;
        transport
    }

    fn with(from: From, channel: InstanaChannel) -> Self {
        let encoding =
            InstanaEncoding { form: InstanaSpanFormat::default(), root_exits: InstanaRootExits::default(), from };
        Instana { exporter: Exporter::new(encoding, channel) }
    }

    /// In which form spans reach the agent. [`InstanaSpanFormat::Native`] by default, and always with the serverless endpoint.
    ///
    /// To be chosen before there is a [spool](Instana::spool), which keeps spans of one form: afterwards it changes nothing.
    #[must_use]
    pub fn span_format(mut self, form: InstanaSpanFormat) -> Self {
        let has_spool = self.exporter.has_spool();
        if let InstanaChannel::Agent(lookup) = &mut self.exporter.channel
            && !has_spool
        {
            self.exporter.encoding.form = form;
            lookup.set_path(match form {
                InstanaSpanFormat::Native => "/com.instana.plugin.generic.rawtrace",
                InstanaSpanFormat::TraceWebService => "/com.instana.plugin.generic.trace",
            });
        }
        self
    }

    /// What becomes of exits that have no parent. [`InstanaRootExits::Suppressed`] by default.
    #[must_use]
    pub fn root_exits(mut self, root_exits: InstanaRootExits) -> Self {
        self.exporter.encoding.root_exits = root_exits;
        self
    }

    /// Where to look for an agent that is not at its address. [`InstanaAgentFallback::DefaultGateway`] by default; without meaning for the
    /// serverless endpoint.
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

/// Linux tells it in a file.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

//! The transport to Datadog, through its agent.

mod channel;
mod encoding;
mod entries;
mod facts;
mod links;
mod logs;
mod rates;
mod record;
mod sampler;
mod tags;
mod value;

pub use self::sampler::DatadogSampler;

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::datadog::channel::DatadogChannel;
use crate::datadog::encoding::DatadogEncoding;
use crate::export::{Exporter, export_settings, export_transport};

/// Sends spans to Datadog's agent, in the format of Datadog's own tracers (`/v0.4/traces`).
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Datadog, DatadogSampler};
///
/// let sampler = DatadogSampler::new();
/// let datadog = Datadog::agent("http://127.0.0.1:8126")?.sampler(&sampler);
/// let shop = Tracer::builder("shop").tag("env", "prod").tag("version", "1.4.0").sampler(sampler);
/// let (tracer, _guard) = BatchReporter::new(datadog).start(shop)?;
/// # drop(tracer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The spans of a trace that one request contains are a chunk. Its first span is the one that began the service's part of the trace, if it
/// is there.
///
/// | span | in Datadog |
/// |---|---|
/// | trace id | `trace_id` is the lower half; the first span of a chunk has the upper half in `_dd.p.tid` |
/// | operation name | `resource`; of an internal span also `name` |
/// | kind | `span.kind` |
/// | server or client of HTTP | `name` `http.server.request` or `http.client.request`, `type` `web` or `http` |
/// | server or client of gRPC | `name` `grpc.server.request` or `grpc.client.request`, `type` `grpc` |
/// | client of a database | `name` such as `postgresql.query`, `type` such as `sql`, `redis` or `mongodb`. The `resource` of SQL is the statement, whose literals the agent masks |
/// | producer or consumer | `name` such as `kafka.send` or `kafka.process`, `type` `queue` |
/// | any other server or client | `name` `server.request` or `client.request`, `type` `web` or `custom` |
/// | internal span | `type` `custom` |
/// | tags `operation.name`, `resource.name`, `service.name`, `span.type` | `name`, `resource`, `service` and `type`, as in Datadog's tracers |
/// | tag with a number | `metrics`, except `http.status_code` and integers above 2<sup>53</sup> |
/// | any other tag | `meta` |
/// | tags of the process | the same, on every span without a tag of that name |
/// | `deployment.environment.name`, `service.version` | `env`, `version` |
/// | tag `container.id` of the process | the header `Datadog-Container-ID`, by which the agent adds the tags of the container |
/// | `peer.hostname`, `peer.port`, `peer.ipv4` or `peer.ipv6` of clients and producers | `out.host`, `network.destination.port`, `network.destination.ip` |
/// | `peer.ipv4` or `peer.ipv6` of servers and consumers | `network.client.ip` |
/// | `db.type`, `db.instance` | `db.system`, `db.name` |
/// | `message_bus.destination` | `messaging.destination.name`, with `messaging.system` |
/// | `rpc.system.name`, `rpc.status_code` | `rpc.system`, `rpc.grpc.status_code` |
/// | tag `error` | `error` is 1 |
/// | `message`, `error.kind` and `stack` of the last log with `event=error` | `error.message`, `error.type`, `error.stack`. Without a kind, the type is the HTTP or gRPC status |
/// | logs | `events`, as JSON |
/// | references other than the parent | `span_links` |
/// | span without a parent in this process | `_dd.top_level` |
/// | sampling decision | `_sampling_priority_v1` of the first span of a chunk: 1, or 2 for a user's decision |
/// | origin and tags from Datadog's headers | `_dd.origin`; `_dd.p.dm` and other `_dd.p.…` on the first span of a chunk |
///
/// The first span of a chunk also has `language`, `runtime-id` and `process_id`.
///
/// Traces that are not sampled are not recorded, and so not sent. Datadog's trace metrics, which the agent computes from the spans that it
/// receives, count only sampled traces: keep all traces if you need exact ones, and let the agent or Datadog's retention filters choose.
///
/// A request has at most 6 MiB. A larger span is sent without logs and with values truncated to 256 bytes.
#[derive(Debug)]
#[must_use = "does nothing until a reporter uses it"]
pub struct Datadog {
    exporter: Exporter<DatadogEncoding, DatadogChannel>,
}

impl Datadog {
    /// Sends to the agent of this host, at `127.0.0.1:8126`.
    pub fn new() -> Self {
        Datadog::at(Endpoint::local(AGENT_PORT))
    }

    /// Sends to the agent at this address, such as `http://10.0.0.5:8126`. The default path is `/v0.4/traces`.
    ///
    /// # Errors
    ///
    /// If the address is invalid. Nothing connects to it yet.
    pub fn agent<E>(agent: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        Ok(Datadog::at(agent.try_into()?))
    }

    /// Updates this sampler with the rates in the agent's answers. Give a clone of it to the tracer. By default the rates are ignored.
    pub fn sampler(mut self, sampler: &DatadogSampler) -> Self {
        self.exporter.encoding.rates = sampler.rates.clone();
        self.exporter.channel.rates = sampler.rates.clone();
        self
    }

    fn at(agent: Endpoint) -> Self {
        let encoding = DatadogEncoding::default();
        let channel = DatadogChannel::new(agent, encoding.rates.clone());
        Datadog { exporter: Exporter::new(encoding, channel) }
    }
}

export_settings!(Datadog);
export_transport!(Datadog, "datadog");

impl Default for Datadog {
    fn default() -> Self {
        Datadog::new()
    }
}

const AGENT_PORT: u16 = 8126;

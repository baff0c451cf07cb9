//! Remote sampling: polls a Jaeger server for sampling strategies.

mod answer;
mod message;
mod poller;

use std::io;
use std::time::Duration;

use opentracing_core::RemoteSampler;

pub use self::answer::{InvalidSamplingResponse, parse_jaeger_sampling_response};
use self::poller::Poller;
pub use self::poller::RemoteSamplingGuard;
use crate::connection::{Endpoint, Fetcher, InvalidEndpoint};
use crate::wire::protobuf;

/// Polls a Jaeger server for the sampling strategy of a service, and applies it to a [`RemoteSampler`]. Use the tracer's service name.
///
/// The server is Jaeger's collector or agent, or the OpenTelemetry Collector with its extension `jaegerremotesampling`. It is polled at the
/// start and then once per interval, over HTTP or [gRPC](Self::grpc_endpoint). [`parse_jaeger_sampling_response`] parses the answers over
/// HTTP. An answer without a valid strategy leaves the last one in effect and is counted in
/// [`SamplerStats`](opentracing_core::SamplerStats). A line in `log` says when polling starts to fail, and when it works again.
///
/// Jaeger's adaptive sampling counts the traces of each operation by the tags `sampler.type` and `sampler.param` of root spans, so these
/// spans must reach that Jaeger.
///
/// ```
/// use opentracing_core::{RemoteSampler, Tracer};
/// use opentracing_reporter::JaegerRemoteSampling;
///
/// let sampler = RemoteSampler::default();
/// let _polling = JaegerRemoteSampling::new("shop").start(&sampler)?;
/// let tracer = Tracer::builder("shop").sampler(sampler);
/// # let _ = tracer;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is started"]
pub struct JaegerRemoteSampling {
    service: Box<str>,
    endpoint: Option<Endpoint>,
    is_grpc: bool,
    interval: Duration,
    timeout: Duration,
}

/// The default of Jaeger's agent and collector.
const ENDPOINT: &str = "http://127.0.0.1:5778/sampling";
/// The default path.
const PATH: &str = "/sampling";
/// The method of `sampling.proto`.
const METHOD: &str = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";

impl JaegerRemoteSampling {
    /// Polls for the strategy of `service`.
    pub fn new(service: impl AsRef<str>) -> Self {
        JaegerRemoteSampling {
            service: service.as_ref().into(),
            endpoint: None,
            is_grpc: false,
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
        }
    }

    /// Sets the server, `http://127.0.0.1:5778/sampling` by default. The default path is `/sampling`. The service is added as the query
    /// parameter `service`.
    ///
    /// # Errors
    ///
    /// If the address is invalid.
    pub fn endpoint<E>(mut self, endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        self.endpoint = Some(endpoint.try_into()?);
        self.is_grpc = false;
        Ok(self)
    }

    /// Sets a server that is asked over gRPC, by `jaeger.api_v2.SamplingManager/GetSamplingStrategy`. Jaeger's collector listens on port
    /// 14250, or on 5779 since version 2. A path in the address is ignored.
    ///
    /// # Errors
    ///
    /// If the address is invalid.
    pub fn grpc_endpoint<E>(mut self, endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        self.endpoint = Some(endpoint.try_into()?);
        self.is_grpc = true;
        Ok(self)
    }

    /// Sets the time between two polls. 60 seconds by default, at least a millisecond. A random tenth more or less spreads the services
    /// of a fleet.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the time-out of a poll. 10 seconds by default. Zero means no time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts polling on a thread of its own, which ends when the guard is dropped.
    ///
    /// # Errors
    ///
    /// If the operating system cannot start a thread or its I/O.
    pub fn start(self, sampler: &RemoteSampler) -> io::Result<RemoteSamplingGuard> {
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None => Endpoint::try_from(ENDPOINT).map_err(io::Error::other)?,
        };
        let (endpoint, parse): (_, fn(&[u8]) -> _) = if self.is_grpc {
            (endpoint.with_method(METHOD), message::parse)
        } else {
            let mut endpoint = endpoint.or_path(PATH);
            endpoint.path = with_service(&endpoint.path, &self.service).into();
            (endpoint, parse_jaeger_sampling_response)
        };
        let address = endpoint.to_string();
        let fetcher = if self.is_grpc {
            // `SamplingStrategyParameters { serviceName: 1 }`
            let mut parameters = Vec::new();
            protobuf::bytes(&mut parameters, 1, self.service.as_bytes());
            Fetcher::grpc(endpoint, parameters)
        } else {
            Fetcher::json(endpoint)
        };
        Poller::new(address, fetcher, parse, self.interval, self.timeout, sampler.clone()).spawn()
    }
}

/// Whether an address without further explanation is a gRPC server, as OpenTelemetry specifies: unless it has a path, or Jaeger's port
/// for HTTP.
#[cfg(feature = "env")]
pub(crate) fn is_grpc(endpoint: &Endpoint) -> bool {
    const HTTP_PORT: u16 = 5778;
    matches!(&*endpoint.path, "" | "/") && endpoint.port != HTTP_PORT
}

fn with_service(path: &str, service: &str) -> String {
    let mut with = path.to_owned();
    with.push(if path.contains('?') { '&' } else { '?' });
    with.push_str("service=");
    for byte in service.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => with.push(char::from(byte)),
            _ => with.push_str(&format!("%{byte:02X}")),
        }
    }
    with
}

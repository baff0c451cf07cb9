//! Sampling strategies from Jaeger.

mod answer;
mod poller;

use std::io;
use std::time::Duration;

use opentracing_core::RemoteSampler;

pub use self::answer::{InvalidSamplingResponse, parse_jaeger_sampling_response};
use self::poller::Poller;
pub use self::poller::RemoteSamplingGuard;
use crate::connection::{Endpoint, InvalidEndpoint};

/// Asks Jaeger for the sampling strategy of a service, again and again, and puts it into effect. The service is named as its tracer is.
///
/// Who answers is Jaeger's collector or agent, or the extension `jaegerremotesampling` of the OpenTelemetry Collector. It is asked at
/// the start and from then on once an interval. What it answers, [`parse_jaeger_sampling_response`] reads; whatever is not a
/// strategy leaves the last one in effect, and is counted in [`SamplerStats`](opentracing_core::SamplerStats). A line goes to `log` when
/// answers begin to fail, and one when they come again.
///
/// With Jaeger's adaptive sampling the server counts the traces of each operation by the tags `sampler.type` and `sampler.param`, which
/// tracers put on their roots: they have to reach that Jaeger.
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
#[must_use = "nothing is asked before `start`"]
pub struct JaegerRemoteSampling {
    service: Box<str>,
    endpoint: Option<Endpoint>,
    interval: Duration,
    timeout: Duration,
}

/// That of Jaeger's agent and collector.
const ENDPOINT: &str = "http://127.0.0.1:5778/sampling";
/// Where the address has none.
const PATH: &str = "/sampling";

impl JaegerRemoteSampling {
    /// Asks about that service.
    pub fn new(service: impl AsRef<str>) -> Self {
        JaegerRemoteSampling {
            service: service.as_ref().into(),
            endpoint: None,
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
        }
    }

    /// Asks there, `http://127.0.0.1:5778/sampling` by default. Where the address has no path, that is `/sampling`; the service is added
    /// as `service`.
    ///
    /// # Errors
    ///
    /// If that is no address.
    pub fn endpoint<E>(mut self, endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        self.endpoint = Some(endpoint.try_into()?);
        Ok(self)
    }

    /// From one answer to the next question, give or take a tenth, so that the services of a fleet do not ask all at once. 60 seconds by
    /// default, at least a millisecond.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long an answer may take. 10 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts to ask, on a thread of its own that ends when the guard is dropped.
    ///
    /// # Errors
    ///
    /// If the operating system cannot start a thread, or has nothing left for its connections.
    pub fn start(self, sampler: &RemoteSampler) -> io::Result<RemoteSamplingGuard> {
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None => Endpoint::try_from(ENDPOINT).map_err(io::Error::other)?,
        };
        let mut endpoint = endpoint.or_path(PATH);
        endpoint.path = with_service(&endpoint.path, &self.service).into();
        Poller::new(endpoint, self.interval, self.timeout, sampler.clone()).spawn()
    }
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

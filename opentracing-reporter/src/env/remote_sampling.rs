//! Remote sampling by a Jaeger server.

use std::io;
use std::time::Duration;

use opentracing_core::{ProbabilisticSampler, RemoteSampler};

use crate::connection::{Endpoint, InvalidEndpoint};
use crate::env::proxy::with_proxy;
use crate::env::variables::Variables;
#[cfg(feature = "config-file")]
use crate::remote_sampling::is_grpc;
use crate::remote_sampling::{JaegerRemoteSampling, RemoteSamplingGuard};

/// Settings of remote sampling that replace its defaults.
#[derive(Debug, Default)]
pub(crate) struct RemoteSettings {
    pub(crate) endpoint: Option<Box<Endpoint>>,
    /// The endpoint is a gRPC server.
    pub(crate) is_grpc: bool,
    pub(crate) interval: Option<Duration>,
    /// The sampling rate until the server has answered.
    pub(crate) initial: Option<f64>,
    pub(crate) max_operations: Option<usize>,
}

/// Polls for a sampler of the configuration file.
#[cfg(feature = "config-file")]
pub(crate) fn poll(service: &str, poll: crate::config::RemotePoll) -> io::Result<RemoteSamplingGuard> {
    let polling = JaegerRemoteSampling::new(service);
    let mut polling = match is_grpc(&poll.endpoint) {
        true => polling.grpc_endpoint(poll.endpoint),
        false => polling.endpoint(poll.endpoint),
    }
    .map_err(io::Error::other)?;
    if let Some(interval) = poll.interval {
        polling = polling.interval(interval);
    }
    polling.start(&poll.sampler)
}

impl RemoteSettings {
    pub(crate) fn endpoint(variables: &mut Variables<'_>, name: &str, address: &str) -> Option<Box<Endpoint>> {
        let endpoint = RemoteSettings::agent(variables, name, address)?;
        Some(Box::new(with_proxy(variables, *endpoint)))
    }

    /// The endpoint of an agent, which never has a proxy.
    pub(crate) fn agent(variables: &mut Variables<'_>, name: &str, address: &str) -> Option<Box<Endpoint>> {
        match address.parse() {
            Ok(endpoint) => Some(Box::new(endpoint)),
            Err(error) => {
                let error: InvalidEndpoint = error;
                variables.warn(name, format_args!("is invalid ({error})"), "using http://127.0.0.1:5778/sampling");
                None
            }
        }
    }

    pub(crate) fn start(self, service: &str) -> io::Result<(RemoteSampler, RemoteSamplingGuard)> {
        let mut sampler = match self.initial {
            Some(rate) => RemoteSampler::new(ProbabilisticSampler::new(rate)),
            None => RemoteSampler::default(),
        };
        if let Some(operations) = self.max_operations {
            sampler = sampler.max_operations(operations);
        }
        let mut polling = JaegerRemoteSampling::new(service);
        if let Some(endpoint) = self.endpoint {
            let endpoint = *endpoint;
            polling = if self.is_grpc { polling.grpc_endpoint(endpoint) } else { polling.endpoint(endpoint) }
                .map_err(io::Error::other)?;
        }
        if let Some(interval) = self.interval {
            polling = polling.interval(interval);
        }
        let guard = polling.start(&sampler)?;
        Ok((sampler, guard))
    }
}

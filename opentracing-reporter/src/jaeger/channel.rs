//! The channel to Jaeger: UDP to an agent, or HTTP to a collector.

use std::time::Duration;

use super::udp::Udp;
use crate::connection::{Answer, Channel, HttpChannel, RequestStats};
use crate::transport::TransportCheck;

#[derive(Debug)]
pub(super) enum JaegerChannel {
    Udp(Udp),
    Http(HttpChannel),
}

impl JaegerChannel {
    fn inner(&mut self) -> &mut dyn Channel {
        match self {
            JaegerChannel::Udp(udp) => udp,
            JaegerChannel::Http(http) => http,
        }
    }
}

impl Channel for JaegerChannel {
    fn start(&mut self, body: Vec<u8>, content_type: &'static str) {
        self.inner().start(body, content_type);
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        self.inner().answer(wait)
    }

    fn cancel(&mut self) {
        self.inner().cancel();
    }

    fn time_out(&mut self, timeout: Duration) -> Answer {
        self.inner().time_out(timeout)
    }

    fn check(&self, body: Vec<u8>, content_type: &'static str) -> TransportCheck {
        match self {
            JaegerChannel::Udp(udp) => udp.check(body, content_type),
            JaegerChannel::Http(http) => http.check(body, content_type),
        }
    }

    fn request_stats(&self) -> RequestStats {
        match self {
            JaegerChannel::Udp(udp) => udp.request_stats(),
            JaegerChannel::Http(http) => http.request_stats(),
        }
    }
}

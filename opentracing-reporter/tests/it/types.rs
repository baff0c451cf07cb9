//! Traits of the public types.

use std::fmt::Debug;

use opentracing_reporter::{BatchReporter, ComparedSpans, FlushGuard, SendOutcome, SendReason, TailRule, TailSampling};

fn check<T: Debug + Send>() {}
fn check_shared<T: Debug + Send + Sync>() {}

/// Checked by the compiler.
#[test]
fn public_types_are_debug_send_and_sync() {
    check::<BatchReporter>();
    check_shared::<ComparedSpans>();
    check_shared::<TailRule>();
    check_shared::<TailSampling>();
    check_shared::<FlushGuard>();
    check_shared::<SendOutcome>();
    check_shared::<SendReason>();
    #[cfg(feature = "otlp")]
    {
        use opentracing_reporter::{Endpoint, InvalidEndpoint, Otlp};
        check::<Otlp>();
        check_shared::<Endpoint>();
        check_shared::<InvalidEndpoint>();
    }
    #[cfg(feature = "remote-sampling")]
    {
        use opentracing_reporter::{InvalidSamplingResponse, JaegerRemoteSampling, RemoteSamplingGuard};
        check_shared::<JaegerRemoteSampling>();
        check_shared::<RemoteSamplingGuard>();
        check_shared::<InvalidSamplingResponse>();
    }
    #[cfg(feature = "config-file")]
    check_shared::<opentracing_reporter::InvalidConfigFile>();
    #[cfg(feature = "resource-detectors")]
    {
        use opentracing_reporter::{DetectedTags, Detector, Detectors};
        check_shared::<DetectedTags>();
        check_shared::<Detector>();
        check_shared::<Detectors>();
    }
    #[cfg(feature = "zipkin")]
    check::<opentracing_reporter::Zipkin>();
    #[cfg(feature = "jaeger")]
    check::<opentracing_reporter::Jaeger>();
    #[cfg(feature = "console")]
    check_shared::<opentracing_reporter::Console>();
}

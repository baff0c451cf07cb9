//! The targets that read carriers.

use std::sync::LazyLock;

use opentracing_core::propagation::{Composite, Instana, Medium, TraceContext, TraceCorrelation, UnsampledParent};
use opentracing_core::{SpanContext, Tracer};

use crate::check;
use crate::input::{knows, parse, text};
use crate::wire::Formats;

/// A target whose input is headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// `instana`.
    Instana,
    /// `tracecontext`.
    TraceContext,
    /// `b3`, `b3single`, `b3multi`.
    B3,
    /// `baggage`.
    W3cBaggage,
    /// `jaeger`.
    Jaeger,
    /// `datadog`.
    Datadog,
    /// `ottrace`.
    OtTrace,
    /// `wavefront`.
    Wavefront,
    /// `xray`.
    XRay,
    /// `gcp`.
    GoogleCloud,
    /// `grpc-trace-bin`.
    GrpcTraceBin,
    /// The default formats.
    Composite,
    /// All formats.
    AllFormats,
}

impl Target {
    /// All targets.
    pub const ALL: [Target; 13] = [
        Target::Instana,
        Target::TraceContext,
        Target::B3,
        Target::W3cBaggage,
        Target::Jaeger,
        Target::Datadog,
        Target::OtTrace,
        Target::Wavefront,
        Target::XRay,
        Target::GoogleCloud,
        Target::GrpcTraceBin,
        Target::Composite,
        Target::AllFormats,
    ];

    /// The name of the binary.
    pub fn name(self) -> &'static str {
        match self {
            Target::Instana => "instana",
            Target::TraceContext => "trace_context",
            Target::B3 => "b3",
            Target::W3cBaggage => "w3c_baggage",
            Target::Jaeger => "jaeger",
            Target::Datadog => "datadog",
            Target::OtTrace => "ot",
            Target::Wavefront => "wavefront",
            Target::XRay => "xray",
            Target::GoogleCloud => "gcp",
            Target::GrpcTraceBin => "grpc_trace_bin",
            Target::Composite => "composite",
            Target::AllFormats => "all_formats",
        }
    }

    /// The lists of formats that the input chooses from. The first one has all headers.
    fn lists(self) -> &'static [Formats] {
        &LISTS[self as usize]
    }

    /// Encodes headers as input, if the formats have any of them.
    pub fn seed(self, headers: &[(String, String)]) -> Option<String> {
        let formats = &self.lists()[0];
        headers.iter().any(|(name, _)| knows(formats, name)).then(|| text(formats, headers))
    }

    /// Encodes a context as input.
    pub fn seed_of(self, context: &SpanContext) -> Option<String> {
        let mut headers: Vec<(String, String)> = vec![];
        self.lists()[0].inject(Medium::Http, context, &mut headers).ok()?;
        self.seed(&headers)
    }
}

static LISTS: LazyLock<Vec<Vec<Formats>>> = LazyLock::new(|| Target::ALL.map(lists).into());

fn lists(target: Target) -> Vec<Formats> {
    let named = |names: &[&str]| names.iter().map(|names| Formats::named(names)).collect();
    match target {
        Target::Instana => named(&["instana"]),
        Target::TraceContext => {
            let name = "tracecontext";
            let undecided = TraceContext::new().unsampled_parent(UnsampledParent::Defer);
            let apart = TraceContext::new().trace_correlation(TraceCorrelation::Disabled);
            let with = |format: TraceContext| Composite::empty().with(Instana::new()).with(format);
            vec![
                Formats::named(name),
                Formats::set_up(name, Composite::empty().with(undecided)),
                Formats::set_up(name, Composite::empty().with(apart)),
                Formats::set_up(name, with(apart)),
                Formats::named("instana,tracecontext"),
            ]
        }
        Target::B3 => named(&["b3", "b3single", "b3multi"]),
        Target::W3cBaggage => named(&["baggage"]),
        Target::Jaeger => named(&["jaeger"]),
        Target::Datadog => named(&["datadog,tracecontext", "datadog", "tracecontext,datadog"]),
        Target::OtTrace => named(&["ottrace"]),
        Target::Wavefront => named(&["wavefront"]),
        Target::XRay => named(&["xray"]),
        Target::GoogleCloud => named(&["gcp"]),
        Target::GrpcTraceBin => named(&["grpc-trace-bin"]),
        Target::Composite => named(&["instana,tracecontext,b3,baggage"]),
        Target::AllFormats => named(&[
            "instana,tracecontext,b3,baggage,jaeger,datadog,ottrace,wavefront,xray,gcp,grpc-trace-bin,sentry-trace",
            "sentry-trace,grpc-trace-bin,gcp,xray,wavefront,ottrace,datadog,jaeger,baggage,b3,tracecontext,instana",
            "ottrace,jaeger,baggage,tracecontext,datadog,b3,wavefront",
            "datadog,tracecontext,b3multi,xray",
            "instana,b3",
            "ottrace,xray,gcp,grpc-trace-bin",
        ]),
    }
}

/// Reads headers.
pub fn headers(target: Target, data: &[u8]) {
    let (list, medium, carrier) = parse(target.lists(), data);
    check::input(list, medium, &carrier);
}

/// Reads the binary carrier.
pub fn binary(data: &[u8]) {
    static TRACER: LazyLock<Tracer> = LazyLock::new(|| Tracer::builder("fuzz").build().0);
    check::binary_input(&TRACER, data);
}

//! Collects OpenTelemetry spans, in the two versions that the adapters use.

/// One version: a provider, a subscriber of `tracing`, and the collected spans.
macro_rules! collect {
    ($(#[$doc:meta])* $module:ident, $api:ident, $sdk:ident, $bridge:ident) => {
        $(#[$doc])*
        pub(crate) mod $module {
            use $api::trace::{Status, TracerProvider};
            use $sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
            use opentracing_bench::http::Seen;
            use tracing::level_filters::LevelFilter;
            use tracing::{Dispatch, Level};
            use tracing_subscriber::Layer;
            use tracing_subscriber::filter::Targets;
            use tracing_subscriber::layer::SubscriberExt;

            /// Keeps finished spans in memory.
            #[derive(Clone)]
            pub(crate) struct Collected {
                exporter: InMemorySpanExporter,
                pub(crate) dispatch: Dispatch,
            }

            impl Collected {
                /// Also becomes the global provider of this version.
                pub(crate) fn new() -> Self {
                    let exporter = InMemorySpanExporter::default();
                    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
                    $api::global::set_tracer_provider(provider.clone());
                    $api::global::set_text_map_propagator($sdk::propagation::TraceContextPropagator::new());
                    let layer = $bridge::layer().with_tracer(provider.tracer("peers")).with_location(false);
                    // Otherwise the spans contain events of other crates.
                    let adapters = Targets::new().with_default(Level::TRACE).with_targets(
                        ["axum::", "h2", "hyper", "hyper_util", "reqwest::", "tower::"].map(|name| (name, LevelFilter::OFF)),
                    );
                    let layer = layer.with_threads(false).with_filter(adapters);
                    Collected { exporter, dispatch: Dispatch::new(tracing_subscriber::registry().with(layer)) }
                }

                /// The spans of interest since the last call.
                pub(crate) fn take(&self, of_interest: impl Fn(&str) -> bool) -> Vec<Seen> {
                    let spans = self.exporter.get_finished_spans().unwrap_or_default();
                    self.exporter.reset();
                    spans.iter().filter(|span| of_interest(&span.name)).map(seen).collect()
                }
            }

            fn seen(span: &SpanData) -> Seen {
                let attributes = span.attributes.iter().chain(span.events.iter().flat_map(|event| &event.attributes));
                let mut text: String = attributes.map(|pair| format!("{}={} ", pair.key, pair.value)).collect();
                span.events.iter().for_each(|event| text.push_str(&event.name));
                if let Status::Error { description } = &span.status {
                    text.push_str(description);
                }
                Seen {
                    name: span.name.to_string(),
                    duration: span.end_time.duration_since(span.start_time).unwrap_or_default(),
                    is_failed: matches!(span.status, Status::Error { .. }),
                    trace_id: u128::from_be_bytes(span.span_context.trace_id().to_bytes()),
                    text,
                }
            }
        }
    };
}

collect!(
    /// The newest version, which most adapters use.
    newest, opentelemetry, opentelemetry_sdk, tracing_opentelemetry
);
collect!(
    /// The newest version that reqwest-tracing supports.
    previous, opentelemetry_0_32, opentelemetry_sdk_0_32, tracing_opentelemetry_0_33
);

import io.opentelemetry.api.baggage.propagation.W3CBaggagePropagator;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.contrib.awsxray.propagator.AwsXrayPropagator;
import io.opentelemetry.extension.trace.propagation.B3Propagator;
import io.opentelemetry.extension.trace.propagation.JaegerPropagator;
import io.opentelemetry.extension.trace.propagation.OtTracePropagator;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

final class Main {
    private static final TextMapGetter<Map<String, String>> GETTER = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Map<String, String> headers) {
            return headers.keySet();
        }

        @Override
        public String get(Map<String, String> headers, String name) {
            return headers.get(name.toLowerCase(Locale.ROOT));
        }
    };

    public static void main(String[] arguments) throws Exception {
        TextMapPropagator propagator = switch (arguments[0]) {
            case "w3c" ->
                TextMapPropagator.composite(W3CTraceContextPropagator.getInstance(), W3CBaggagePropagator.getInstance());
            case "b3" -> B3Propagator.injectingSingleHeader();
            case "b3multi" -> B3Propagator.injectingMultiHeaders();
            case "jaeger" -> JaegerPropagator.getInstance();
            case "xray" -> AwsXrayPropagator.getInstance();
            case "ottrace" -> OtTracePropagator.getInstance();
            default -> throw new IllegalArgumentException(arguments[0]);
        };
        // Without a processor, the SDK starts no spans.
        var reporting = SimpleSpanProcessor.create(InMemorySpanExporter.create());
        Tracer tracer = SdkTracerProvider.builder().addSpanProcessor(reporting).build().get("interop");

        Hop.serve((headers, call) -> {
            Context incoming = propagator.extract(Context.root(), headers, GETTER);
            Span server = tracer.spanBuilder("server").setParent(incoming).setSpanKind(SpanKind.SERVER).startSpan();
            Span client = tracer.spanBuilder("client").setParent(incoming.with(server)).setSpanKind(SpanKind.CLIENT).startSpan();
            Map<String, String> outgoing = new HashMap<>();
            propagator.inject(incoming.with(client), outgoing, Map::put);
            call.accept(outgoing);
            client.end();
            server.end();
            var context = client.getSpanContext();
            var parent = Span.fromContext(incoming).getSpanContext();
            return new Hop.Seen(
                context.getTraceId(),
                parent.isValid() ? parent.getSpanId() : null,
                server.getSpanContext().getSpanId(),
                context.getSpanId(),
                context.isSampled());
        });
    }
}

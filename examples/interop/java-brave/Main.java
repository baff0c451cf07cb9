import brave.Span;
import brave.Tracing;
import brave.propagation.B3Propagation;
import brave.propagation.B3Propagation.Format;
import brave.propagation.TraceContextOrSamplingFlags;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

final class Main {
    public static void main(String[] arguments) throws Exception {
        // Variants: `64` starts traces with ids of 64 bits, `joined` shares the span of the client with the server.
        String format = arguments[0];
        var propagation = B3Propagation.newFactoryBuilder()
            .injectFormat(format.startsWith("b3multi") ? Format.MULTI : Format.SINGLE)
            .build();
        Tracing tracing = Tracing.newBuilder()
            .propagationFactory(propagation)
            .traceId128Bit(!format.endsWith("-64"))
            .supportsJoin(format.endsWith("-joined"))
            .build();
        var tracer = tracing.tracer();
        var extractor = tracing.propagation().<Map<String, String>>extractor((headers, key) -> headers.get(key.toLowerCase(Locale.ROOT)));
        var injector = tracing.propagation().<Map<String, String>>injector(Map::put);

        Hop.serve((headers, call) -> {
            TraceContextOrSamplingFlags incoming = extractor.extract(headers);
            // As Brave's handlers of HTTP servers do.
            Span server = incoming.context() == null ? tracer.nextSpan(incoming) : tracer.joinSpan(incoming.context());
            server.kind(Span.Kind.SERVER).start();
            Span client = tracer.newChild(server.context()).kind(Span.Kind.CLIENT).start();
            Map<String, String> outgoing = new HashMap<>();
            injector.inject(client.context(), outgoing);
            call.accept(outgoing);
            client.finish();
            server.finish();
            return new Hop.Seen(
                client.context().traceIdString(),
                server.context().parentIdString(),
                server.context().spanIdString(),
                client.context().spanIdString(),
                client.context().sampled());
        });
    }
}

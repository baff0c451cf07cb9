import io.jaegertracing.internal.JaegerSpanContext;
import io.jaegertracing.internal.JaegerTracer;
import io.jaegertracing.internal.propagation.B3TextMapCodec;
import io.jaegertracing.internal.reporters.NoopReporter;
import io.jaegertracing.internal.samplers.ConstSampler;
import io.opentracing.propagation.Format;
import io.opentracing.propagation.TextMapAdapter;
import java.util.HashMap;
import java.util.Map;

final class Main {
    public static void main(String[] arguments) throws Exception {
        var builder = new JaegerTracer.Builder("interop").withReporter(new NoopReporter()).withSampler(new ConstSampler(true));
        // The format `jaeger-64` starts traces with ids of 64 bits.
        if (!arguments[0].equals("jaeger-64")) {
            builder.withTraceId128Bit();
        }
        if (arguments[0].equals("b3multi")) {
            var b3 = new B3TextMapCodec.Builder().build();
            builder.registerInjector(Format.Builtin.HTTP_HEADERS, b3).registerExtractor(Format.Builtin.HTTP_HEADERS, b3);
        }
        JaegerTracer tracer = builder.build();

        Hop.serve((headers, call) -> {
            JaegerSpanContext parent = tracer.extract(Format.Builtin.HTTP_HEADERS, new TextMapAdapter(headers));
            var server = tracer.buildSpan("server").asChildOf(parent).start();
            var client = tracer.buildSpan("client").asChildOf(server).start();
            Map<String, String> outgoing = new HashMap<>();
            tracer.inject(client.context(), Format.Builtin.HTTP_HEADERS, new TextMapAdapter(outgoing));
            call.accept(outgoing);
            client.finish();
            server.finish();
            return new Hop.Seen(
                client.context().getTraceId(),
                Hop.hex(server.context().getParentId()),
                Hop.hex(server.context().getSpanId()),
                Hop.hex(client.context().getSpanId()),
                client.context().isSampled());
        });
    }
}

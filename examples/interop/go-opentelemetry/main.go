package main

import (
	"context"
	"net/http"

	"go.opentelemetry.io/contrib/propagators/aws/xray"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/contrib/propagators/jaeger"
	"go.opentelemetry.io/contrib/propagators/ot"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"interop/hop"
)

func main() {
	propagator := map[string]propagation.TextMapPropagator{
		"w3c":     propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		"b3":      b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)),
		"b3multi": b3.New(b3.WithInjectEncoding(b3.B3MultipleHeader)),
		"jaeger":  jaeger.Jaeger{},
		"xray":    xray.Propagator{},
		"ottrace": ot.OT{},
	}[hop.Format()]
	tracer := sdk.NewTracerProvider().Tracer("interop")

	hop.Serve(func(received http.Header, call func(http.Header)) hop.Seen {
		incoming := propagator.Extract(context.Background(), propagation.HeaderCarrier(received))
		serving, server := tracer.Start(incoming, "server", trace.WithSpanKind(trace.SpanKindServer))
		calling, client := tracer.Start(serving, "client", trace.WithSpanKind(trace.SpanKindClient))
		outgoing := http.Header{}
		propagator.Inject(calling, propagation.HeaderCarrier(outgoing))
		call(outgoing)
		client.End()
		server.End()
		sampled := client.SpanContext().IsSampled()
		return hop.Seen{
			Trace:   client.SpanContext().TraceID().String(),
			Parent:  hop.Parent(trace.SpanContextFromContext(incoming).SpanID().String()),
			Server:  server.SpanContext().SpanID().String(),
			Client:  client.SpanContext().SpanID().String(),
			Sampled: &sampled,
		}
	})
}

package main

import (
	"net/http"

	"github.com/opentracing/opentracing-go"
	"github.com/uber/jaeger-client-go"
	"github.com/uber/jaeger-client-go/zipkin"

	"interop/hop"
)

func main() {
	// The format `jaeger-64` starts traces with ids of 64 bits.
	options := []jaeger.TracerOption{jaeger.TracerOptions.Gen128Bit(hop.Format() != "jaeger-64")}
	if hop.Format() == "b3multi" {
		b3 := zipkin.NewZipkinB3HTTPHeaderPropagator()
		options = append(options,
			jaeger.TracerOptions.Injector(opentracing.HTTPHeaders, b3),
			jaeger.TracerOptions.Extractor(opentracing.HTTPHeaders, b3))
	}
	tracer, _ := jaeger.NewTracer("interop", jaeger.NewConstSampler(true), jaeger.NewNullReporter(), options...)

	hop.Serve(func(received http.Header, call func(http.Header)) hop.Seen {
		var references []opentracing.StartSpanOption
		if parent, err := tracer.Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(received)); err == nil {
			references = append(references, opentracing.ChildOf(parent))
		}
		server := tracer.StartSpan("server", references...)
		client := tracer.StartSpan("client", opentracing.ChildOf(server.Context()))
		outgoing := http.Header{}
		if err := tracer.Inject(client.Context(), opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(outgoing)); err != nil {
			panic(err)
		}
		call(outgoing)
		client.Finish()
		server.Finish()
		ofServer, ofClient := server.Context().(jaeger.SpanContext), client.Context().(jaeger.SpanContext)
		sampled := ofClient.IsSampled()
		return hop.Seen{
			Trace:   ofClient.TraceID().String(),
			Parent:  hop.Parent(hop.Hex(uint64(ofServer.ParentID()))),
			Server:  ofServer.SpanID().String(),
			Client:  ofClient.SpanID().String(),
			Sampled: &sampled,
		}
	})
}

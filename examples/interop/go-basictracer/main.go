package main

import (
	"net/http"

	"github.com/opentracing/basictracer-go"
	"github.com/opentracing/opentracing-go"

	"interop/hop"
)

func main() {
	options := basictracer.DefaultOptions()
	options.Recorder = basictracer.NewInMemoryRecorder()
	options.ShouldSample = func(uint64) bool { return true }
	tracer := basictracer.NewWithOptions(options)

	hop.Serve(func(received http.Header, call func(http.Header)) hop.Seen {
		var references []opentracing.StartSpanOption
		var parentID uint64
		if parent, err := tracer.Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(received)); err == nil {
			references = append(references, opentracing.ChildOf(parent))
			parentID = parent.(basictracer.SpanContext).SpanID
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
		ofServer, ofClient := server.Context().(basictracer.SpanContext), client.Context().(basictracer.SpanContext)
		return hop.Seen{
			Trace:   hop.Hex(ofClient.TraceID),
			Parent:  hop.Parent(hop.Hex(parentID)),
			Server:  hop.Hex(ofServer.SpanID),
			Client:  hop.Hex(ofClient.SpanID),
			Sampled: &ofClient.Sampled,
		}
	})
}

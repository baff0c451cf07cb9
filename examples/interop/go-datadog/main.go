package main

import (
	"net/http"
	"os"

	"github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"

	"interop/hop"
)

func main() {
	styles := map[string]string{
		"datadog": "datadog", "datadog+w3c": "datadog,tracecontext", "w3c": "tracecontext", "b3": "b3 single header", "b3multi": "b3multi",
	}
	for name, value := range map[string]string{
		"DD_TRACE_PROPAGATION_STYLE":           styles[hop.Format()],
		"DD_TRACE_AGENT_URL":                   "http://127.0.0.1:9",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
		"DD_REMOTE_CONFIGURATION_ENABLED":      "false",
		"DD_TRACE_STARTUP_LOGS":                "false",
	} {
		os.Setenv(name, value)
	}
	if err := tracer.Start(tracer.WithService("interop")); err != nil {
		panic(err)
	}

	hop.Serve(func(received http.Header, call func(http.Header)) hop.Seen {
		var options []tracer.StartSpanOption
		var parentID uint64
		if parent, err := tracer.Extract(tracer.HTTPHeadersCarrier(received)); err == nil {
			options = append(options, tracer.ChildOf(parent))
			parentID = parent.SpanID()
		}
		server := tracer.StartSpan("server", options...)
		client := tracer.StartSpan("client", tracer.ChildOf(server.Context()))
		outgoing := http.Header{}
		if err := tracer.Inject(client.Context(), tracer.HTTPHeadersCarrier(outgoing)); err != nil {
			panic(err)
		}
		call(outgoing)
		priority, _ := client.Context().SamplingPriority()
		client.Finish()
		server.Finish()
		sampled := priority > 0
		return hop.Seen{
			Trace:   client.Context().TraceID(),
			Parent:  hop.Parent(hop.Hex(parentID)),
			Server:  hop.Hex(server.Context().SpanID()),
			Client:  hop.Hex(client.Context().SpanID()),
			Sampled: &sampled,
		}
	})
}

// The customers. Traced with Jaeger's client, which sends its spans by UDP to the agent at JAEGER_AGENT.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
	"github.com/uber/jaeger-client-go"
)

type user struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Card string `json:"card"`
}

// Payments with Bob's card fail.
var users = map[string]user{
	"ada": {"ada", "Ada", "card-of-ada"},
	"bob": {"bob", "Bob", "card-of-bob"},
}

func find(w http.ResponseWriter, request *http.Request) {
	id := request.PathValue("id")
	w.Header().Set("Content-Type", "application/json")
	var body any
	found, known := users[id]
	if body = found; !known {
		w.WriteHeader(http.StatusNotFound)
		body = map[string]string{"error": "there is no customer named " + id}
	}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print(err)
	}
}

// traced starts a span for each request. It continues the trace of the caller.
func traced(tracer opentracing.Tracer, name string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		options := []opentracing.StartSpanOption{}
		caller, err := tracer.Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(request.Header))
		if err == nil {
			options = append(options, ext.RPCServerOption(caller))
		}
		span := tracer.StartSpan(name, options...)
		defer span.Finish()
		ext.HTTPMethod.Set(span, request.Method)
		ext.HTTPUrl.Set(span, request.URL.Path)
		handler(w, request)
	}
}

func main() {
	agent, err := jaeger.NewUDPTransport(os.Getenv("JAEGER_AGENT"), 0)
	if err != nil {
		log.Fatal(err)
	}
	reporter := jaeger.NewRemoteReporter(agent, jaeger.ReporterOptions.BufferFlushInterval(100*time.Millisecond))
	tracer, closer := jaeger.NewTracer("user", jaeger.NewConstSampler(true), reporter, jaeger.TracerOptions.Gen128Bit(true))
	defer closer.Close()

	http.HandleFunc("GET /users/{id}", traced(tracer, "GET /users/{id}", find))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("user       listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}

from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.cloud_trace_propagator import CloudTraceFormatPropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.propagators.ot_trace import OTTracePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import hop

propagator = {
    "w3c": lambda: CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()]),
    "b3": B3SingleFormat,
    "b3multi": B3MultiFormat,
    "jaeger": JaegerPropagator,
    "xray": AwsXRayPropagator,
    "ottrace": OTTracePropagator,
    "gcp": CloudTraceFormatPropagator,
}[hop.format]()
tracer = TracerProvider().get_tracer("interop")


def handle(headers, call):
    incoming = propagator.extract(headers, context=Context())
    server = tracer.start_span("server", incoming, trace.SpanKind.SERVER)
    client = tracer.start_span("client", trace.set_span_in_context(server, incoming), trace.SpanKind.CLIENT)
    outgoing = {}
    propagator.inject(outgoing, context=trace.set_span_in_context(client, incoming))
    call(outgoing)
    client.end()
    server.end()
    context = client.get_span_context()
    # Spans that are not recorded do not tell their parents.
    parent = trace.get_current_span(incoming).get_span_context()
    return {
        "trace": hop.hex_id(context.trace_id),
        "parent": hop.hex_id(parent.span_id),
        "server": hop.hex_id(server.get_span_context().span_id),
        "client": hop.hex_id(context.span_id),
        "sampled": context.trace_flags.sampled,
    }


hop.serve(handle)

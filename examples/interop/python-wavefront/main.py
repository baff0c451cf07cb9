import opentracing
from wavefront_opentracing_sdk import WavefrontTracer
from wavefront_opentracing_sdk.reporting import CompositeReporter
from wavefront_sdk.common import ApplicationTags

import hop

tracer = WavefrontTracer(CompositeReporter(), ApplicationTags("interop", "interop"))


def handle(headers, call):
    parent = tracer.extract(opentracing.Format.HTTP_HEADERS, headers)
    server = tracer.start_span("server", child_of=parent)
    client = tracer.start_span("client", child_of=server)
    outgoing = {}
    tracer.inject(client.context, opentracing.Format.HTTP_HEADERS, outgoing)
    call(outgoing)
    seen = {
        "trace": client.trace_id.hex,
        "parent": parent.span_id.hex if parent else None,
        "server": server.span_id.hex,
        "client": client.span_id.hex,
        "sampled": client.context.get_sampling_decision(),
    }
    # Without samplers, the tracer changes its decision now, after it has passed it on.
    client.finish()
    server.finish()
    return seen


hop.serve(handle)

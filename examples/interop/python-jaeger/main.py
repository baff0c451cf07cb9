import opentracing
from jaeger_client import ConstSampler, Tracer
from jaeger_client.reporter import NullReporter

import hop

# The format `jaeger-64` starts traces with ids of 64 bits.
tracer = Tracer(
    service_name="interop",
    reporter=NullReporter(),
    sampler=ConstSampler(True),
    generate_128bit_trace_id=hop.format != "jaeger-64",
)


def handle(headers, call):
    parent = tracer.extract(opentracing.Format.HTTP_HEADERS, headers)
    server = tracer.start_span("server", child_of=parent)
    client = tracer.start_span("client", child_of=server)
    outgoing = {}
    tracer.inject(client, opentracing.Format.HTTP_HEADERS, outgoing)
    call(outgoing)
    client.finish()
    server.finish()
    return {
        "trace": hop.hex_id(client.trace_id),
        "parent": hop.hex_id(server.parent_id),
        "server": hop.hex_id(server.span_id),
        "client": hop.hex_id(client.span_id),
        "sampled": client.is_sampled(),
    }


hop.serve(handle)

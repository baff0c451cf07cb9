import opentracing
from basictracer import BasicTracer

import hop

tracer = BasicTracer()
tracer.register_required_propagators()


def handle(headers, call):
    try:
        parent = tracer.extract(opentracing.Format.HTTP_HEADERS, headers)
    except opentracing.SpanContextCorruptedException:
        # Also raised if there is nothing to extract.
        parent = None
    server = tracer.start_span("server", child_of=parent)
    client = tracer.start_span("client", child_of=server)
    outgoing = {}
    tracer.inject(client.context, opentracing.Format.HTTP_HEADERS, outgoing)
    call(outgoing)
    client.finish()
    server.finish()
    return {
        "trace": hop.hex_id(client.context.trace_id),
        "parent": hop.hex_id(server.parent_id),
        "server": hop.hex_id(server.context.span_id),
        "client": hop.hex_id(client.context.span_id),
        "sampled": bool(client.context.sampled) if hasattr(client.context, "sampled") else None,
    }


hop.serve(handle)

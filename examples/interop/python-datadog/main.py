import os

import hop

styles = {"datadog": "datadog", "datadog+w3c": "datadog,tracecontext", "w3c": "tracecontext", "b3": "b3", "b3multi": "b3multi"}
os.environ.update(
    DD_TRACE_PROPAGATION_STYLE=styles[hop.format],
    DD_TRACE_AGENT_URL="http://127.0.0.1:9",
    DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
    DD_REMOTE_CONFIGURATION_ENABLED="false",
    DD_TRACE_STARTUP_LOGS="false",
)

from ddtrace.propagation.http import HTTPPropagator  # noqa: E402 reads the environment
from ddtrace.trace import tracer  # noqa: E402


def handle(headers, call):
    incoming = HTTPPropagator.extract(headers)
    with tracer.start_span("server", child_of=incoming, activate=True) as server:
        with tracer.start_span("client", child_of=server, activate=True) as client:
            outgoing = {}
            HTTPPropagator.inject(client.context, outgoing)
            call(outgoing)
            return {
                "trace": hop.hex_id(client.trace_id),
                "parent": hop.hex_id(server.parent_id),
                "server": hop.hex_id(server.span_id),
                "client": hop.hex_id(client.span_id),
                "sampled": client.context.sampling_priority > 0,
            }


hop.serve(handle)

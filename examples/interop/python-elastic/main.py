import elasticapm
from elasticapm.conf import constants
from elasticapm.utils.disttracing import TraceParent

import hop

client = elasticapm.Client(
    service_name="interop", server_url="http://127.0.0.1:9", central_config=False, cloud_provider="none", metrics_interval="0s",
    disable_send=True, instrument=False,
)


def handle(headers, call):
    parent = TraceParent.from_headers(
        headers, constants.TRACEPARENT_HEADER_NAME.lower(), constants.TRACEPARENT_LEGACY_HEADER_NAME.lower(), "tracestate")
    transaction = client.begin_transaction("request", trace_parent=parent)
    with elasticapm.capture_span("client", leaf=True) as span:
        # As the instrumentation of urllib3 does.
        id = span.id if span else transaction.id
        sent = transaction.trace_parent.copy_from(span_id=id)
        outgoing = {"traceparent": sent.to_string()}
        if sent.tracestate:
            outgoing["tracestate"] = sent.tracestate
        call(outgoing)
    client.end_transaction("interop", "OK")
    return {
        "trace": transaction.trace_parent.trace_id,
        "parent": parent.span_id if parent else None,
        "server": transaction.id,
        "client": id,
        "sampled": bool(transaction.is_sampled),
    }


hop.serve(handle)

import sentry_sdk

import hop

sentry_sdk.init(
    dsn="http://key@127.0.0.1:9/1", traces_sample_rate=1, default_integrations=False, transport=lambda event: None)


def handle(headers, call):
    transaction = sentry_sdk.continue_trace(headers, op="http.server", name="server")
    with sentry_sdk.start_transaction(transaction):
        with sentry_sdk.start_span(op="http.client", name="client") as span:
            scope = sentry_sdk.get_current_scope()
            outgoing = dict(scope.iter_trace_propagation_headers(span=span))
            call(outgoing)
            return {
                "trace": span.trace_id,
                "parent": transaction.parent_span_id,
                "server": transaction.span_id,
                "client": span.span_id,
                "sampled": bool(transaction.sampled),
            }


hop.serve(handle)

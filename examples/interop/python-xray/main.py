from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler
from aws_xray_sdk.core.utils import stacktrace  # noqa: F401
from aws_xray_sdk.ext.util import calculate_segment_name, calculate_sampling_decision, construct_xray_header, inject_trace_header

import hop

# Keeps each trace whose decision is up to this service.
rules = {"version": 2, "default": {"fixed_target": 0, "rate": 1}, "rules": []}
xray_recorder.configure(service="interop", sampler=LocalSampler(rules), context_missing="LOG_ERROR")


class Silent(UDPEmitter):
    def send_entity(self, entity):
        pass


xray_recorder.emitter = Silent()


def handle(headers, call):
    # As the middlewares of the SDK do.
    incoming = construct_xray_header(headers)
    request = {"host": "interop", "method": "GET", "path": "/", "service": "interop"}
    sampling = calculate_sampling_decision(trace_header=incoming, recorder=xray_recorder, sampling_req=request)
    segment = xray_recorder.begin_segment(
        name=calculate_segment_name("interop", xray_recorder),
        traceid=incoming.root,
        parent_id=incoming.parent,
        sampling=sampling,
    )
    subsegment = xray_recorder.begin_subsegment("client", namespace="remote")
    outgoing = {}
    inject_trace_header(outgoing, subsegment or segment)
    call(outgoing)
    xray_recorder.end_subsegment()
    xray_recorder.end_segment()
    _, seconds, rest = segment.trace_id.split("-")
    return {
        "trace": seconds + rest,
        "parent": segment.parent_id,
        "server": segment.id,
        "client": subsegment.id if subsegment else None,
        "sampled": bool(segment.sampled),
    }


hop.serve(handle)

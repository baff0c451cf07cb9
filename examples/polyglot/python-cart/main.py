"""The carts of the customers. Traced with Datadog's tracer, which sends its spans by OTLP to JAEGER_OTLP_URL."""

import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ.update(
    DD_SERVICE="cart",
    DD_TRACE_PROPAGATION_STYLE="datadog,tracecontext",
    OTEL_TRACES_EXPORTER="otlp",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=os.environ["JAEGER_OTLP_URL"] + "/v1/traces",
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/protobuf",
    DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
    DD_REMOTE_CONFIGURATION_ENABLED="false",
    DD_TRACE_STARTUP_LOGS="false",
)

from ddtrace.propagation.http import HTTPPropagator  # noqa: E402 reads the environment
from ddtrace.trace import tracer  # noqa: E402

# By customer, then by product.
carts = {}
lock = threading.Lock()


def lines(user, _):
    return 200, [{"sku": sku, "quantity": quantity} for sku, quantity in sorted(carts.get(user, {}).items())]


def add(user, line):
    cart = carts.setdefault(user, {})
    cart[line["sku"]] = cart.get(line["sku"], 0) + line["quantity"]
    return 201, None


def empty(user, _):
    carts.pop(user, None)
    return 204, None


routes = [
    ("GET", "/carts/{user}", lines),
    ("DELETE", "/carts/{user}", empty),
    ("POST", "/carts/{user}/items", add),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        for method, route, handle in routes:
            found = re.fullmatch(route.replace("{user}", "([^/]+)"), self.path)
            if method == self.command and found:
                return self.traced(f"{method} {route}", handle, found[1], body)
        self.reply(404, {"error": "not found"})

    do_GET = do_POST = do_DELETE = answer

    def traced(self, name, handle, user, body):
        # Continues the trace of the caller.
        caller = HTTPPropagator.extract({name.lower(): value for name, value in self.headers.items()})
        with tracer.start_span(name, child_of=caller, service="cart", resource=name, span_type="web", activate=True) as span:
            span.set_tag("span.kind", "server")
            with lock:
                status, content = handle(user, body)
            span.set_tag("http.status_code", str(status))
        self.reply(status, content)

    def reply(self, status, content):
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"cart       listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()

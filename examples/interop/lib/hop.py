"""One hop in a chain of services, with the interface of the relay: GET /call?next=URL. Prints its address, as the relay does."""

import json
import sys
import traceback
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# The format that the peer must read and write.
format = sys.argv[1]


def serve(handle):
    """Serves until the process is killed.

    handle(headers, call) continues the trace of `headers`, calls call(outgoing) with the headers that it injected, and returns what
    its tracer made of the context: trace, parent, server and client as hexadecimal ids, and sampled. The parent is left out if the
    tracer does not tell it.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            received = [[name.lower(), value] for name, value in self.headers.items()]
            next_url = parse_qs(urlsplit(self.path).query)["next"][0]
            answers = []
            try:
                seen = handle(Headers(received), lambda outgoing: answers.append(get(next_url, outgoing)))
                self.reply(200, {**seen, "received": received, "next": answers[0]})
            except Exception:
                self.reply(500, {"error": traceback.format_exc()})

        def reply(self, status, body):
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


class Headers(dict):
    """Headers with names in lower case that are found in any case, as in the frameworks of this language."""

    def get(self, name, default=None):
        return super().get(name.lower(), default)

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())


# Without proxies from the environment.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url, headers):
    request = urllib.request.Request(url, headers={name: str(value) for name, value in headers.items()})
    with opener.open(request, timeout=20) as response:
        return {"status": response.status, "body": json.load(response)}


def hex_id(number):
    """The id in hexadecimal digits; None for 0 or no id."""
    return f"{number:x}" if number else None

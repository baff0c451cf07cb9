"""server.py prints the port that it listens on, and serves until its standard input ends."""

import sys
from concurrent import futures

import grpc

from wire import decode, encode

CODES = {code.value[0]: code for code in grpc.StatusCode}


def unary(message, context):
    if message == "metadata":
        return "\n".join(f"{name}={value}" for name, value in context.invocation_metadata())
    if message == "panic":
        raise RuntimeError("as it was told to")
    if message.startswith("fail "):
        _, code, details = message.split(" ", 2)
        context.abort(CODES[int(code)], details)
    return message


def client_stream(messages, context):
    return str(sum(1 for _ in messages))


def bidi(messages, context):
    yield from messages
    yield "bye"


def server_stream(message, context):
    for number in range(int(message)):
        yield str(number)


def main():
    coding = dict(request_deserializer=decode, response_serializer=encode)
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary, **coding),
        "ServerStream": grpc.unary_stream_rpc_method_handler(server_stream, **coding),
        "ClientStream": grpc.stream_unary_rpc_method_handler(client_stream, **coding),
        "Bidi": grpc.stream_stream_rpc_method_handler(bidi, **coding),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("acme.test.Echo", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


main()

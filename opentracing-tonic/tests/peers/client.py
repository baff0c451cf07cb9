"""client.py ADDRESS KIND MESSAGE [NAME=VALUE...] makes one call and prints its status with what was answered."""

import sys

import grpc

from wire import decode, encode

SERVICE = "/acme.test.Echo/"


def main():
    address, kind, message, *pairs = sys.argv[1:]
    metadata = [tuple(pair.split("=", 1)) for pair in pairs]
    options = dict(request_serializer=encode, response_deserializer=decode)
    with grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)
        try:
            if kind == "unary":
                answers = [channel.unary_unary(SERVICE + "Unary", **options)(message, metadata=metadata, timeout=30)]
            elif kind == "deadline":
                answers = [channel.unary_unary(SERVICE + "Unary", **options)(message, metadata=metadata, timeout=0.5)]
            elif kind == "server-stream":
                call = channel.unary_stream(SERVICE + "ServerStream", **options)
                answers = list(call(message, metadata=metadata, timeout=30))
            elif kind == "client-stream":
                call = channel.stream_unary(SERVICE + "ClientStream", **options)
                answers = [call(iter(message.split()), metadata=metadata, timeout=30)]
            elif kind == "cancel":
                call = channel.unary_stream(SERVICE + "ServerStream", **options)(message, metadata=metadata)
                answers = [next(call), next(call)]
                call.cancel()
            elif kind == "bidi":
                call = channel.stream_stream(SERVICE + "Bidi", **options)
                answers = list(call(iter(message.split()), metadata=metadata, timeout=30))
            else:
                sys.exit(f"no such kind: {kind}")
            print("OK", *answers)
        except grpc.RpcError as error:
            print(error.code().name, error.details())


sys.stdout.reconfigure(encoding="utf-8")
main()

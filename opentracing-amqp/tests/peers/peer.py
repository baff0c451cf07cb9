"""A client that uses pika. Headers are JSON: a text is a long string, {"bytes": TEXT} a byte array; pika converts other values.

peer.py publish URL QUEUE BODY HEADERS    publishes one message
peer.py get URL QUEUE                     gets one message and prints {"body": ..., "headers": {NAME: [TYPE, VALUE]}}
"""

import json
import sys

import pika


def header(value):
    if isinstance(value, dict):
        if list(value) == ["bytes"]:
            return value["bytes"].encode()
        return {name: header(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [header(inner) for inner in value]
    return value


def printed(value):
    return [type(value).__name__, value.decode() if isinstance(value, bytes) else value]


def publish(channel, queue, body, headers):
    headers = {name: header(value) for name, value in json.loads(headers).items()}
    channel.confirm_delivery()
    channel.basic_publish("", queue, body.encode(), pika.BasicProperties(headers=headers), mandatory=True)


def get(channel, queue):
    method, properties, body = channel.basic_get(queue, auto_ack=True)
    if method is None:
        sys.exit("the queue is empty")
    headers = {name: printed(value) for name, value in (properties.headers or {}).items()}
    print(json.dumps({"body": body.decode(), "headers": headers}))


def main():
    command, url, *arguments = sys.argv[1:]
    connection = pika.BlockingConnection(pika.URLParameters(url))
    {"publish": publish, "get": get}[command](connection.channel(), *arguments)
    connection.close()


main()

"""Messages with one text in field 1, as google.protobuf.StringValue, without a library for them."""


def encode(text):
    data = text.encode()
    length, size = b"", len(data)
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return b"\n" + length + bytes([size]) + data if data else b""


def decode(data):
    if not data:
        return ""
    assert data[0] == 0x0A, data
    at = 1
    while data[at] & 0x80:
        at += 1
    return data[at + 1 :].decode()

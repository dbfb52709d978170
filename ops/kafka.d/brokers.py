"""Asks the broker at 127.0.0.1:PORT how many brokers it knows (Metadata request, version 1) and prints the number."""
import socket
import struct
import sys

METADATA, VERSION, NO_CLIENT_ID, NO_TOPICS = 3, 1, -1, 0


def receive(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("the broker closed the connection")
        data += piece
    return data


try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=2) as connection:
        request = struct.pack(">hhihi", METADATA, VERSION, 0, NO_CLIENT_ID, NO_TOPICS)
        connection.sendall(struct.pack(">i", len(request)) + request)
        _size, _correlation, brokers = struct.unpack(">iii", receive(connection, 12))
        print(brokers)
except OSError:
    print(0)

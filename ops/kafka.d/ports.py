"""Prints COUNT ports of 127.0.0.1 that are free now, below those that the kernel gives to outgoing connections."""
import random
import socket
import sys

count, held = int(sys.argv[1]), []
while len(held) < count:
    candidate = socket.socket()
    try:
        candidate.bind(("127.0.0.1", random.randrange(15000, 32000)))
        held.append(candidate)
    except OSError:
        candidate.close()
print(*[candidate.getsockname()[1] for candidate in held])

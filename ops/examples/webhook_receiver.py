#!/usr/bin/python3
"""A receiver of medhub's webhooks: answers the challenge, checks the signature, takes each delivery once.

usage: webhook_receiver.py --secret FILE [--port P]

FILE holds the secret that the operator has for this endpoint (whsec_...). Prints one JSON line per new delivery. Only the
standard library is used; over the internet put it behind TLS."""
import argparse
import base64
import hashlib
import hmac
import http.server
import json
import sys
import time

TOLERANCE_S = 300
CHALLENGE = "medhub.webhook.challenge.v1"


class NotSigned(Exception):
    """The request does not come from medhub, or is too old."""


def verify(headers, body, secrets):
    """Standard Webhooks: one of the signatures must fit one of the secrets."""
    message, stamp, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
        raise NotSigned("the time stamp is missing or too far from now")
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(mac).decode()
        if any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures.split(" ")):
            return
    raise NotSigned("no signature fits")


def tell(said):
    """One write for a line: requests are served by threads."""
    sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    secrets = ()
    seen = {}  # idempotency keys; a real receiver keeps them with its data, in the same transaction

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            verify(self.headers, body, self.secrets)
        except NotSigned as why:
            return self.answer(401, {"error": str(why)})
        if self.headers.get("ce-type") == CHALLENGE:
            return self.answer(200, {"challenge": json.loads(body)["challenge"]})
        return self.take(body)

    def take(self, body):
        key = self.headers["idempotency-key"]
        if self.seen.setdefault(key, self) is self:
            tell({"type": self.headers["ce-type"], "id": self.headers["ce-id"], "source": self.headers["ce-source"],
                  "idempotencykey": key, "data": json.loads(body)})
        self.answer(204)

    def answer(self, status, said=None, **headers):
        text = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--secret", required=True)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    with open(asked.secret, encoding="utf-8") as file:
        Handler.secrets = file.read().split()
    server = Server(("127.0.0.1", asked.port), Handler)
    tell({"url": f"http://127.0.0.1:{server.server_port}/"})
    server.serve_forever()


if __name__ == "__main__":
    main()

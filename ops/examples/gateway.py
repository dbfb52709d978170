#!/usr/bin/python3
"""Speaks to the gateway without our library: submits the CloudEvent on standard input and prints its receipt, or follows the feed.

    gateway.py https://HUB:8443 ORGANISATION/KEY key.pem submit < prescription.json
    gateway.py https://HUB:8443 ORGANISATION/KEY key.pem follow [COUNT]

Needs Debian's python3-cryptography. A request is signed as RFC 9421 says, with Ed25519."""
import base64
import hashlib
import json
import secrets
import sys
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.serialization import load_pem_private_key

gateway, key_id, key_file, command, *arguments = sys.argv[1:]
key = load_pem_private_key(open(key_file, "rb").read(), None)


def call(method, target, body=None):
    """(status, answer) of a signed request."""
    covered = {"@method": method, "@target-uri": gateway + target}
    headers = {}
    if body is not None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {"Content-Type": "application/cloudevents+json", "Content-Digest": f"sha-256=:{digest}:"}
        covered |= {name.lower(): value for name, value in headers.items()}
    names = " ".join(f'"{name}"' for name in covered)
    covered["@signature-params"] = (f'({names});created={int(time.time())};nonce="{secrets.token_hex(16)}"'
                                    f';keyid="{key_id}";alg="ed25519"')
    base = "\n".join(f'"{name}": {value}' for name, value in covered.items())
    headers["Signature-Input"] = "sig=" + covered["@signature-params"]
    headers["Signature"] = f"sig=:{base64.b64encode(key.sign(base.encode())).decode()}:"
    request = urllib.request.Request(gateway + target, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def submit():
    """Safe to repeat: the same id is answered as the first time."""
    status, receipt = call("POST", "/v1/events?wait=30", sys.stdin.buffer.read())
    print(status, json.dumps(receipt, ensure_ascii=False))
    return 0 if status == 200 else 1


def follow(left):
    cursor = ""  # a real program keeps it beside its own data, in the same transaction
    while left > 0:
        status, page = call("GET", f"/v1/feeds/deliveries?wait=30&limit={min(left, 100)}" + cursor)
        if status != 200:
            raise SystemExit(f"{status} {page}")
        for event in page["events"]:
            print(event["id"], event["type"], flush=True)
        left -= len(page["events"])
        cursor = f"&after={page['next']}"


sys.exit(submit() if command == "submit" else follow(int((arguments or [10**9])[0])))

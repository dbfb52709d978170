#!/usr/bin/python3
"""A client that passes the connection test: one case of `medhub ctl org test` as JSON on standard input, what it understood of
the gateway's answer as JSON on standard output.

    medhub ctl org test H650102 ... --with "candidate.py KEY key.pem"

Needs Debian's python3-cryptography. Signs with Ed25519 as RFC 9421 says."""
import base64
import hashlib
import json
import secrets
import sys
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.serialization import load_pem_private_key

case = json.load(sys.stdin)
key_name, key_file = sys.argv[1:]
key = load_pem_private_key(open(key_file, "rb").read(), None)


def call(method, target, body=None, sign="right"):
    """(status, answer) of a signed request; (0, {}) if the gateway did not answer in time."""
    url = case["gateway"] + target
    covered = {"@method": method, "@target-uri": url}
    headers = {}
    if body is not None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {"Content-Type": "application/cloudevents+json", "Content-Digest": f"sha-256=:{digest}:"}
        covered |= {name.lower(): value for name, value in headers.items()}
    created = int(time.time()) - (86400 if sign == "expired" else 0)
    names = " ".join(f'"{name}"' for name in covered)
    covered["@signature-params"] = (f'({names});created={created};nonce="{secrets.token_hex(16)}"'
                                    f';keyid="{case["organisation"]}/{key_name}";alg="ed25519"')
    base = "\n".join(f'"{name}": {value}' for name, value in covered.items())
    signature = bytearray(key.sign(base.encode()))
    signature[0] ^= sign == "wrong"
    headers["Signature-Input"] = "sig=" + covered["@signature-params"]
    headers["Signature"] = f"sig=:{base64.b64encode(bytes(signature)).decode()}:"
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=case["waitMs"] / 1000) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
    except (TimeoutError, urllib.error.URLError, ConnectionError):
        return 0, {}


def submit():
    status, answer = call("POST", f"/v1/events?wait={case['waitMs'] // 2000}", json.dumps(case["event"]).encode(), case["sign"])
    outcome = {0: "unknown", 200: answer.get("outcome", "accepted"), 202: "unknown", 401: "rejected", 409: "duplicate",
               422: "refused", 503: "unknown"}.get(status, "rejected")
    return {"status": status, "outcome": outcome, "code": answer.get("code", "")}


def follow():
    status, page = call("GET", "/v1/feeds/deliveries?limit=100")
    return {"status": status, "outcome": "followed" if status == 200 else "rejected",
            "items": [event["id"] for event in page.get("events", [])]}


print(json.dumps(submit() if case["do"] == "submit" else follow()))

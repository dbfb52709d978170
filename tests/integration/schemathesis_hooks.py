"""What schemathesis is told of our gateway (SCHEMATHESIS_HOOKS): every request is signed as it goes out; some of what is made
up is replaced by what exists, so that answers of success are seen too; every answer is noted for the test to count."""
import base64
import hashlib
import hmac
import itertools
import json
import os
import secrets
import time

import requests
import schemathesis

ORGANISATION = os.environ["MEDHUB_ORGANISATION"]
KEY = base64.b64decode(os.environ["MEDHUB_KEY"])
KNOWN = json.load(open(os.environ["MEDHUB_KNOWN"]))  # parameter -> values that lead to something; "events": right ones
ANSWERS = open(os.environ["MEDHUB_ANSWERS"], "a", buffering=1)
turn = itertools.count()
numbers = itertools.count(1)
fresh = itertools.count()


class Signed(requests.auth.AuthBase):
    """RFC 9421 with hmac-sha256, in the standard library's words: another reading of the RFC than hub/signature's."""

    def __call__(self, request):
        covered = {"@method": request.method, "@target-uri": request.url}
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        if body:
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            request.headers["Content-Digest"] = covered["content-digest"] = f"sha-256=:{digest}:"
        for name, value in request.headers.items():
            if name.lower().startswith("ce-") or name.lower() in ("content-type", "content-encoding"):
                covered[name.lower()] = (value if isinstance(value, str) else value.decode("latin-1")).strip()
        names = " ".join(f'"{name}"' for name in covered)
        parameters = f'({names});created={int(time.time())};keyid="{ORGANISATION}/k1";nonce="{secrets.token_hex(16)}"'
        base = "".join(f'"{name}": {value}\n' for name, value in covered.items()) + f'"@signature-params": {parameters}'
        mac = hmac.new(KEY, base.encode("latin-1", "replace"), hashlib.sha256).digest()
        request.headers["Signature-Input"] = f"sig={parameters}"
        request.headers["Signature"] = f"sig=:{base64.b64encode(mac).decode()}:"
        return request


schemathesis.auth.set_from_requests(Signed())


def mine(event):
    """EVENT, said by our organisation under an id that is new: then it is taken, and decided."""
    return {**event, "source": ORGANISATION, "id": f"s-{next(numbers)}-{secrets.token_hex(4)}"}


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and isinstance(body.get("source"), str):
        choice = next(turn) % 4
        if choice < 2:
            return mine(KNOWN["events"][next(fresh) % len(KNOWN["events"])])
        return mine(body) if choice == 2 else body
    if isinstance(body, list) and body and all(isinstance(event, dict) for event in body):
        return [mine(event) for event in body]
    return body


@schemathesis.hook
def map_headers(context, headers):
    if headers and "ce-id" in headers and next(turn) % 2 == 0:
        event = KNOWN["events"][0]
        return {**headers, "ce-source": ORGANISATION, "ce-id": f"b-{next(numbers)}-{secrets.token_hex(4)}",
                "ce-type": event["type"], "ce-specversion": "1.0"}
    return headers


def exchange(parameters):
    """Every second time all parameters whose good values are known take one of them, those of one place together."""
    if not parameters or next(turn) % 2:
        return parameters
    pick = next(numbers)
    for names, values in ((tuple(key.split(",")), values) for key, values in KNOWN["parameters"].items()):
        if all(name in parameters for name in names) and values:
            parameters = {**parameters, **dict(zip(names, values[pick % len(values)]))}
    return parameters


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return exchange(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return exchange(query)


@schemathesis.hook
def after_call(context, case, response):
    ANSWERS.write(json.dumps([case.operation.label, response.status_code]) + "\n")

#!/usr/bin/env python3
"""Seals a person's identity for its recipients, and opens it: suite X25519, AES-256-GCM of hub/seal/seal.h in forty lines.

    sealed.py seal SOURCE ID FIELD ORG=KEY.json... < identity.json > sealed.json
    sealed.py open SOURCE ID FIELD ORG key.pem     < sealed.json

KEY.json is a recipient's key as the registry holds it (`medhub ctl key new --use encryption` prints it). Needs Debian's
python3-cryptography."""
import base64
import json
import os
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITE = "SEAL_SUITE_X25519_AES256GCM"
NONCE = bytes(12)  # each key is used once


def texts(*parts):
    return b"".join(part.encode() + b"\0" for part in ("medhub seal 1", *parts))


def raw(public):
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def wrapping_key(secret, ephemeral, recipient_key, recipient, key_id):
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=ephemeral + recipient_key, info=texts(recipient, key_id)).derive(secret))


def seal(place, plain, recipients):
    """PLACE: source, id, field. RECIPIENTS: (organisation, key id, 32 bytes of public key)."""
    fresh, content_key, data = X25519PrivateKey.generate(), os.urandom(32), texts(*place)
    ephemeral = raw(fresh.public_key())
    wraps = []
    for organisation, key_id, public in recipients:
        secret = fresh.exchange(X25519PublicKey.from_public_bytes(public))
        wrapped = wrapping_key(secret, ephemeral, public, organisation, key_id).encrypt(NONCE, content_key, data)
        wraps.append({"recipient": organisation, "keyId": key_id, "wrappedKey": base64.b64encode(wrapped).decode()})
    return {"keyId": "s" + os.urandom(8).hex(), "suite": SUITE, "ephemeralKey": base64.b64encode(ephemeral).decode(),
            "ciphertext": base64.b64encode(AESGCM(content_key).encrypt(NONCE, plain, data)).decode(), "wraps": wraps}


def open_sealed(place, sealed, organisation, private):
    """PRIVATE: an X25519PrivateKey. Raises InvalidTag for another key, another place, or a changed value."""
    wrap = next(each for each in sealed["wraps"] if each["recipient"] == organisation)
    ephemeral, data = base64.b64decode(sealed["ephemeralKey"]), texts(*place)
    secret = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    key = wrapping_key(secret, ephemeral, raw(private.public_key()), organisation, wrap["keyId"])
    content_key = key.decrypt(NONCE, base64.b64decode(wrap["wrappedKey"]), data)
    return AESGCM(content_key).decrypt(NONCE, base64.b64decode(sealed["ciphertext"]), data)


def recipient_of(said):
    organisation, _, path = said.partition("=")
    with open(path, encoding="utf-8") as file:
        key = json.load(file)
    return organisation, key["id"], base64.b64decode(key["publicKey"])


def main(arguments):
    what, place, rest = arguments[0], arguments[1:4], arguments[4:]
    if what == "seal":
        print(json.dumps(seal(place, sys.stdin.buffer.read(), [recipient_of(said) for said in rest])))
    else:
        with open(rest[1], "rb") as file:
            private = serialization.load_pem_private_key(file.read(), None)
        sys.stdout.buffer.write(open_sealed(place, json.load(sys.stdin), rest[0], private))


if __name__ == "__main__":
    if len(sys.argv) < 6 or sys.argv[1] not in ("seal", "open"):
        sys.exit(__doc__)
    main(sys.argv[1:])

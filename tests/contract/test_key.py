#!/usr/bin/python3
"""`medhub ctl key`: what it prints is held against OpenSSL's own program, which makes keys and certificates that it reads and
verifies what it signs. Digest and signature base are computed here once more from the printed headers."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

MEDHUB = os.environ["MEDHUB"]
URL, TARGET = "https://Hub.example:443/v1/events?wait=5", "https://hub.example/v1/events?wait=5"
BODY = '{"id":"e-1","名":"医"}\n'.encode()
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print("failed:", what)


def run(*command, code=0, input=None):
    done = subprocess.run([str(word) for word in command], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60)
    check(done.returncode == code, f"{' '.join(map(str, command))[:200]} ended with {done.returncode}, not {code}: "
          f"{done.stderr.decode()[:300]}")
    return done.stdout


def key(*arguments, **how):
    return run(MEDHUB, "ctl", "key", *arguments, **how).decode()


def public_of(path, kind):
    """The raw public key, as OpenSSL tells it: the end of SubjectPublicKeyInfo."""
    der = run("openssl", "pkey", "-in", path, "-pubout", "-outform", "DER")
    return der[-32:] if kind == "ed25519" else der[-65:]


def keys_are_shown_as_the_registry_wants_them(folder):
    names = {"ed25519": "KEY_ALGORITHM_ED25519", "sm2": "KEY_ALGORITHM_SM2", "hmac": "KEY_ALGORITHM_HMAC_SHA256"}
    for kind, name in names.items():
        path = folder / kind
        made = json.loads(key("new", "-q", "-a", kind, "--id", f"k-{kind}", "--valid-from", "2026-01-31", path))
        check(made["id"] == f"k-{kind}" and made["algorithm"] == name, f"{kind}: {made}")
        check(made["validFrom"] == "2026-01-30T16:00:00Z", f"{kind} begins with the day in China: {made}")
        check(stat.S_IMODE(path.stat().st_mode) == 0o600, f"{kind}: only its owner may read the key")
        before = path.read_bytes()
        key("new", "-q", "-a", kind, path, code=5)
        check(path.read_bytes() == before, f"{kind}: an existing key is not written over")
        shown = json.loads(key("show", "-q", "--id", f"k-{kind}", path))
        check(shown.get("publicKey") == made.get("publicKey"), f"{kind}: show prints what new printed")
        if kind == "hmac":
            check("publicKey" not in made and len(base64.b64decode(before)) == 32, "a secret is nobody's but the file's")
        else:
            check(base64.b64decode(made["publicKey"]) == public_of(path, kind), f"{kind}: the public key is OpenSSL's")
    check("algorithm" in json.loads(key("show", "-q", folder / "sm2")), "k1 is the id where none is given")


def keys_and_certificates_of_openssl_are_read(folder):
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "theirs")
    shown = json.loads(key("show", "-q", folder / "theirs"))
    check(base64.b64decode(shown["publicKey"]) == public_of(folder / "theirs", "ed25519"), "a key of OpenSSL's is read")
    run("openssl", "req", "-x509", "-utf8", "-key", folder / "theirs", "-out", folder / "crt", "-subj",
        "/C=CN/O=第一医院, 东院/CN=H1")
    shown = json.loads(key("show", "-q", "--id", "cert", folder / "crt"))
    subject = base64.b64decode(shown["publicKey"]).decode()
    check((shown["algorithm"], subject) == ("KEY_ALGORITHM_X509_SUBJECT", "CN=H1,O=第一医院\\, 东院,C=CN"), f"{shown} {subject}")
    run("openssl", "genpkey", "-algorithm", "RSA", "-out", folder / "rsa")
    key("show", folder / "rsa", code=1)
    key("show", folder / "absent", code=3)
    (folder / "text").write_text("not a key\n")
    key("show", folder / "text", code=1)
    key("new", "-a", "rsa", folder / "none", code=2)


def base_of(headers):
    """The signature base out of the printed headers, by the letter of RFC 9421."""
    inner = headers["Signature-Input"].removeprefix("medhub=")
    values = {"@method": "POST", "@target-uri": TARGET, **{name.lower(): value for name, value in headers.items()}}
    covered = re.findall(r'"([^"]+)"', inner[:inner.index(")")])
    return covered, ("".join(f'"{name}": {values[name]}\n' for name in covered) + f'"@signature-params": {inner}').encode()


def verify(folder, kind, base, signature):
    if kind == "hmac":
        secret = base64.b64decode((folder / kind).read_text())
        return hmac.compare_digest(hmac.new(secret, base, hashlib.sha256).digest(), signature)
    run("openssl", "pkey", "-in", folder / kind, "-pubout", "-out", folder / "public")
    (folder / "base").write_bytes(base)
    if kind == "ed25519":
        (folder / "signature").write_bytes(signature)
        done = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "public", "-rawin", "-in", folder / "base",
                "-sigfile", folder / "signature"]
    else:  # r and s as DER, as OpenSSL wants them
        numbers = b"".join(b"\x02" + bytes([len(n)]) + n for n in
                           ((b"\0" if half[0] & 0x80 else b"") + half
                            for half in (part.lstrip(b"\0") or b"\0" for part in (signature[:32], signature[32:]))))
        (folder / "signature").write_bytes(b"\x30" + bytes([len(numbers)]) + numbers)
        done = ["openssl", "dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-verify", folder / "public", "-signature",
                folder / "signature", folder / "base"]
    return subprocess.run([str(word) for word in done], stdout=subprocess.DEVNULL, timeout=60).returncode == 0


def signatures_verify_elsewhere(folder):
    (folder / "body").write_bytes(BODY)
    for kind in ("ed25519", "sm2", "hmac"):
        printed = key("sign", "--key", folder / kind, "--keyid", f"H1/{kind}", "--url", URL, "--body", folder / "body",
                      "-H", "ce-id: 7", "-H", "X-Other: not covered")
        headers = dict(line.split(": ", 1) for line in printed.splitlines())
        algorithm, digest = re.fullmatch(r"([a-z0-9-]+)=:(.*):", headers["Content-Digest"]).groups()
        check(algorithm == ("sm3" if kind == "sm2" else "sha-256"), f"{kind} digests with {algorithm}")
        own = hashlib.new("sm3" if kind == "sm2" else "sha256", BODY).digest()
        check(base64.b64decode(digest) == own, f"{kind}: the digest is the body's")
        covered, base = base_of(headers)
        check(covered == ["@method", "@target-uri", "content-digest", "ce-id", "content-type"], f"{kind} covers {covered}")
        check(headers["Content-Type"] == "application/cloudevents+json", "what is covered is printed for curl")
        signature = base64.b64decode(headers["Signature"].removeprefix("medhub=").strip(":"))
        check(verify(folder, kind, base, signature), f"{kind}: somebody else verifies the signature")
        check(not verify(folder, kind, base + b" ", signature), f"{kind}: and not of anything else")
    get = key("sign", "--key", folder / "hmac", "--keyid", "H1/k", "--url", URL)
    check("Content-" not in get and '("@method" "@target-uri");' in get, f"without a body there is no digest: {get}")
    key("sign", "--key", folder / "hmac", "--url", URL, code=2)
    key("sign", "--key", folder / "absent", "--keyid", "H1/k", "--url", URL, code=3)
    key("sign", "--key", folder / "hmac", "--keyid", "H1/k", "--url", "ftp://a/", code=1)
    key("sign", "--key", folder / "hmac", "--keyid", "H1/k", "--url", URL, "-H", "no colon", code=2)
    key("sign", "--key", folder / "hmac", "--keyid", "H1/k", "--url", URL, "--body", folder / "nothing", code=3)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    keys_are_shown_as_the_registry_wants_them(folder)
    keys_and_certificates_of_openssl_are_read(folder)
    signatures_verify_elsewhere(folder)
sys.exit(1 if failures else 0)

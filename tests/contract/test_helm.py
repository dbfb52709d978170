#!/usr/bin/python3
# timeout: 180
"""The chart: lint, golden renders for each Kubernetes version, every object against the models of Kubernetes, the restricted
profile, settings that medhub itself takes, alerts with runbooks and known metrics, values that must be refused.

    tests/contract/test_helm.py --record    writes the golden renders anew
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("MEDHUB_SOURCE_DIR", Path(__file__).resolve().parents[2]))
DEPS = Path(os.environ.get("MEDHUB_DEPS_DIR", SOURCE / "build/deps"))
MEDHUB = os.environ.get("MEDHUB")
CHART = SOURCE / "helm"
HELM = DEPS / "helm/bin/helm"
PROMTOOL = DEPS / "prometheus/usr/bin/promtool"
MONITORING = ["--api-versions", "monitoring.coreos.com/v1"]
VERSIONS = [f"1.{minor}" for minor in range(28, 36)]

failures = []


def check(what, good, detail=""):
    if not good:
        failures.append(what)
        print(f"not so: {what} {detail}", file=sys.stderr)


def run(*command, text=None, good=True, what=None):
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True, timeout=60)
    check(what or " ".join(map(str, command[:4])), (done.returncode == 0) == good, done.stdout[-2000:] + done.stderr[-2000:])
    return done


def render(values, *more, good=True, what=None):
    return run(HELM, "template", "medhub", CHART, "--namespace", "hub", "-f", values, *more, good=good, what=what).stdout


def stable(rendered):
    return re.sub(r"checksum/config: [0-9a-f]{64}", "checksum/config: (changes with the settings)", rendered)


def settings_are_taken(rendered, folder):
    """medhub itself must take every settings file of the chart, with the files that it names lying elsewhere."""
    files = re.findall(r"  medhub\.yaml: \|\n((?:    .*\n)+)", rendered)
    check("the chart has settings", files)
    for name in ("password", "ca.crt"):
        (folder / name).write_text("x\n")
    certificate = folder / "ca.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "/dev/null", "-out", str(certificate),
                    "-subj", "/CN=test", "-days", "1"], check=True, capture_output=True)
    for text in files:
        own = folder / "medhub.yaml"
        own.write_text(re.sub(r"/etc/medhub/kafka/", f"{folder}/", text))
        run(MEDHUB, "ctl", "conf", "check", own, what=f"medhub takes the chart's settings\n{text}")


def golden(record):
    with tempfile.TemporaryDirectory() as folder:
        for values in sorted((CHART / "ci").glob("*-values.yaml")):
            run(HELM, "lint", "--strict", "-f", values, CHART)
            rendered = render(values, "--kube-version", VERSIONS[0], *MONITORING)
            for version in VERSIONS[1:]:
                check(f"{values.name} renders the same for {version}",
                      render(values, "--kube-version", version, *MONITORING) == rendered)
            run("node", CHART / "tests/validate.mjs", DEPS / "helm", text=rendered, what=f"{values.name}: objects are right")
            if MEDHUB:
                settings_are_taken(rendered, Path(folder))
            file = CHART / "tests/golden" / values.name.replace("-values.yaml", ".yaml")
            if record:
                file.write_text(stable(rendered))
            check(f"{file.name} is what the chart renders (or: test_helm.py --record)",
                  file.exists() and file.read_text() == stable(rendered))


def the_validator_sees():
    """A check that cannot fail is none: each of these must be noticed."""
    rendered = render(CHART / "ci/full-values.yaml", *MONITORING)
    for before, after in [("runAsNonRoot: true", "runAsNonRoot: false"), ("replicas: 3", "replicas: three"),
                          ("type: RuntimeDefault", "type: Unconfined"), ("drop: [ALL]", "drop: [KILL]"),
                          ("automountServiceAccountToken: false", "automountServiceAccountToken: true"),
                          ("targetPort: monitor", "targetPort: moniter"), ("maxUnavailable: 1", "maxUnavailable: {}")]:
        check(f"the validator is told of {before}", before in rendered)
        run("node", CHART / "tests/validate.mjs", DEPS / "helm", text=rendered.replace(before, after), good=False,
            what=f"the validator sees {after}")


def refusals():
    minimal = CHART / "ci/minimal-values.yaml"
    for setting, named in [("nope=1", "nope"), ("hub.replica=2", "replica"), ("kafka.brokers=", "kafka.brokers"),
                           ("image.repository=", "image.repository"), ("store.database=", "store.database"),
                           ("gateway.tls.existingSecret=", "gateway.tls.existingSecret"), ("image.tag=latest", "tag"),
                           ("hub.replicas=0", "replicas"), ("store.database=medhub.sqlite", "database"),
                           ("settings.nope=1", "nope"), ("monitoring.rules.enabled=true", "monitoring.coreos.com/v1"),
                           ("store.enabled=false", "store.enabled")]:
        done = run(HELM, "template", "medhub", CHART, "-f", minimal, "--set", setting, good=False, what=f"--set {setting} is refused")
        check(f"--set {setting}: the refusal names {named}", named in done.stderr, done.stderr)
    run(HELM, "template", "medhub", CHART, "-f", minimal, "--kube-version", "1.27", good=False, what="Kubernetes 1.27 is refused")


def alerts():
    rules = CHART / "files/alerts.yaml"
    run(PROMTOOL, "check", "rules", rules)
    with tempfile.TemporaryDirectory() as folder:
        for file in (rules, CHART / "tests/alerts_test.yaml"):
            (Path(folder) / file.name).write_text(file.read_text())
        run(PROMTOOL, "test", "rules", Path(folder) / "alerts_test.yaml")
    text = rules.read_text()
    tested = (CHART / "tests/alerts_test.yaml").read_text()
    known = re.findall(r"^\| (medhub_\w+) \|", (SOURCE / "ops/docs/metrics.md").read_text(), re.M)
    for alert, block in re.findall(r"- alert: (\w+)(.*?)(?=- alert:|\Z)", text, re.S):
        runbook = re.search(r"runbook: (\S+)", block)
        check(f"{alert} has a runbook", runbook and (SOURCE / "ops/runbooks" / runbook[1]).exists())
        check(f"{alert} has a test", f"alertname: {alert}" in tested)
        check(f"{alert} speaks Chinese and English", re.search(r"summary: [^\n]*[一-鿿][^\n]* / [A-Za-z]", block))
        for metric in re.findall(r"\bmedhub_\w+", re.sub(r"(?s)annotations:.*", "", block)):
            check(f"{alert}: {metric} is a metric of medhub", re.sub(r"_(bucket|sum|count)$", "", metric) in known or metric in known)


golden("--record" in sys.argv)
the_validator_sees()
refusals()
alerts()
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)

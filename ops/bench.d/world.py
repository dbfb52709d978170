"""What the measurements through the gateway stand on: the programs as they are shipped, and organisations that sign."""
import json
import os
import subprocess

from tools import DEADLINE_S, Failed, last_line

KEY = "k1"
PROBES_MIN, PROBES_MAX = 5, 50


class Part:
    """`medhub hub`, `connector store` or `gateway`, with its settings as they are shipped but for places and rates."""

    def __init__(self, bench, name, **settings):
        program = os.path.join(os.path.dirname(bench.programs), "bin", "medhub")
        sets = {"monitor.port": -1, "log.level": "warn", **settings}
        command = [program, *name.split(), "-b", bench.brokers]
        for key, value in sets.items():
            command += ["--set", f"{key.replace('__', '.')}={value}"]
        self.name = name
        self.log = os.path.join(bench.folder, f"{name.replace(' ', '-')}.log")
        with open(self.log, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        bench.running.append(self.process)
        line = self.process.stdout.readline()
        if not line:
            with open(self.log, encoding="utf-8") as file:
                raise Failed(f"{name}: {last_line(file.read())}")
        self.addresses = json.loads(line)

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)


class World:
    """Hub, store and gateway, organisations with keys, and their events."""

    def __init__(self, bench, name, callers, algorithm, **gateway):
        """CALLERS have keys of ALGORITHM; GATEWAY is what its settings are to be beside places."""
        self.bench, self.folder = bench, os.path.join(bench.folder, name)
        os.makedirs(self.folder)
        database = f"{self.folder}/medhub.sqlite"
        self.program = os.path.join(os.path.dirname(bench.programs), "bin", "medhub")
        self.others = [Part(bench, "hub", state__directory=f"{self.folder}/state"),
                       Part(bench, "connector store", store__database=database)]
        self.submit(self.organisations(callers, algorithm))
        self.gateway = Part(bench, "gateway", store__database=database, gateway__port=0, gateway__directory=f"{self.folder}/tables",
                            gateway__secrets_directory=f"{self.folder}/keys", **gateway)
        self.authority = self.gateway.addresses["gateway"].split("//")[1]

    def gen(self, what):
        made = subprocess.run([self.program, "gen", "-q", "--what", what], check=True, stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in made.stdout.splitlines() if line]

    def submit(self, events):
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        subprocess.run([self.program, "ctl", "submit", "-q", "-b", self.bench.brokers], input=lines, check=True,
                       stdout=subprocess.DEVNULL, text=True, timeout=DEADLINE_S)

    def wait_until_accepted(self, event):
        """Every partition sees a table's row a moment after it was decided."""
        for attempt in range(PROBES_MAX):
            data = {**event["data"], "person": f"p-probe-{attempt}", "hospitalNumber": f"P{attempt}", "nationalNumber": f"PN{attempt}"}
            probe = json.dumps({**event, "id": f"probe-{attempt}", "data": data}, ensure_ascii=False)
            done = subprocess.run([self.program, "ctl", "submit", "-q", "-b", self.bench.brokers], input=probe, text=True,
                                  stdout=subprocess.PIPE, timeout=DEADLINE_S, check=False)
            if attempt >= PROBES_MIN and json.loads(done.stdout.splitlines()[0])["outcome"] == "accepted":
                return
        raise Failed("the hub does not accept the prescriptions")

    def organisations(self, callers, algorithm):
        events = self.gen("policy,calendar,organisations")
        for event in events:
            organisation = event["data"].get("organisation")
            if organisation is not None and organisation["id"] in callers:
                organisation["keys"] = [self.new_key(organisation["id"], algorithm)]
        return events

    def new_key(self, organisation, algorithm):
        """What the registry needs of it; an HMAC secret lies where the gateway looks for it."""
        os.makedirs(os.path.dirname(self.key_file(organisation)), exist_ok=True)
        if os.path.exists(self.key_file(organisation)):
            os.remove(self.key_file(organisation))
        made = subprocess.run([self.program, "ctl", "key", "new", "-q", "--algorithm", algorithm, "--id", KEY,
                               self.key_file(organisation)], check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(made.stdout)

    def key_id(self, organisation):
        return f"{organisation}/{KEY}"

    def key_file(self, organisation):
        return f"{self.folder}/keys/{organisation}/{KEY}"

    def prescription(self, hospital):
        return next(event for event in self.gen("prescriptions") if event["source"] == hospital)

    def stop_others(self):
        for part in reversed(self.others):
            part.stop()

    def caller(self, organisation):
        return ["--authority", self.authority, "--key-id", self.key_id(organisation), "--secret", self.key_file(organisation)]

"""ops/bench catalogue: a release of many items from a file to a subscriber: staged, published, snapshot made and served, taken in by
libmedhub; then how soon 1,000 followers, half of them by long poll, hear of single changes; and look-ups in libmedhub's copy and in
the hub's own table. Beside the snapshot the speed of gzip, zstd and the disk on the same bytes. The items bear real codes: the 13,738
drug codes of ops/data, then its device identifiers.

A release of other items is published and withdrawn first: a broker that has just started spends more time on compiling itself than
on its work, and runs what is not compiled yet slowly. Its rows say how much, by the broker's own threads. On two processors the optimising
compiler took 53 of the broker's 102 µs an item at first (9,800 items/s) and still 22 of 46 later on (16,000/s); without it
(OPS_KAFKA_JAVA=-XX:TieredStopAtLevel=1) the broker took 45 (13,900/s) and 25 (20,700/s). Nothing of the hub's is cold: it takes the
same 27 to 30 µs in both."""
import datetime
import glob
import gzip
import itertools
import json
import os
import subprocess
import time

from gateway import BUREAU, HOSPITAL, cpu_s
from tools import DEADLINE_S, ROOT, Failed, say
from world import KEY, World

TOMORROW = (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))) + datetime.timedelta(days=1)).date()
WARM_SHARE = 2  # of the items there are so many less in the release before: with 200,000 both are all the real codes
FRESH = 3  # subscribers, one after the other
LOOKUPS = 1000000
FOLLOWERS, POLLS, CHANGES, RATE = 1000, 500, 60, 4


def check_digit(digits):
    return -sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(digits)) % 10


def real_codes():
    """(kind, code) of drugs, then of devices: their file tells how much more the first 13 digits are than those of the row before."""
    with gzip.open(os.path.join(ROOT, "ops/data/drug_codes.txt.gz"), "rt") as file:
        for code in file:
            yield ("KIND_PATENT_DRUG" if code.startswith("Z") else "KIND_WESTERN_DRUG"), code.strip()
    number = 0
    with gzip.open(os.path.join(ROOT, "ops/data/gudid_items.csv.gz"), "rt") as file:
        for row in file:
            number += int(row.split(",")[0], 16)
            yield "KIND_CONSUMABLE", f"{number:013d}{check_digit(f'{number:013d}')}"


def write_items(path, codes):
    with open(path, "w", encoding="utf-8") as file:
        file.write("kind,code,name,specification,unit,maker,pay_class,price_limit,class_code,consumable.generic_name\n")
        for i, (kind, code) in enumerate(codes):
            more = "C0101,通用名" if kind == "KIND_CONSUMABLE" else ","
            file.write(f"{kind},{code},名称{i},10ml×6支,盒,制造有限公司{i % 977},PAY_CLASS_B,{i % 1000}.{i % 100:02d},{more}\n")
    return path


def ctl(world, *words):
    begun = time.monotonic()
    run = subprocess.run([world.program, "ctl", "catalogue", *map(str, words), "-q", "-o", "json", "-b", world.bench.brokers],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)
    if run.returncode != 0:
        raise Failed(f"ctl catalogue {words[0]}: {run.stdout[-300:]} {run.stderr[-300:]}")
    return json.loads(run.stdout), time.monotonic() - begun


def stage(world, name, codes):
    items = write_items(os.path.join(world.folder, f"{name}.csv"), codes)
    return ctl(world, "stage", items, "--release", name, "--region", "000000", "--proposer", "a")[1]


def publish(world, name):
    return ctl(world, "publish", name, "--effective", TOMORROW, "--approver", "b", "--timeout", DEADLINE_S - 60)[1]


def warm_up(world, codes, table):
    count = len(codes)
    stage(world, "WARM", codes)
    publish_measured(world, "WARM", count, table, "the first ones of a broker that has just started and compiles itself")
    ctl(world, "withdraw", "WARM", "--by", "c", "--timeout", DEADLINE_S - 60)


# ---- processor time

def processes(world):
    """The process numbers by what they are; the broker's only if it is ours."""
    found = {part.name.split()[-1]: part.process.pid for part in [*world.others, world.gateway]}
    for path in glob.glob(f"{world.bench.folder}/kafka/node1/pid"):
        with open(path, encoding="ascii") as file:
            found["broker"] = int(file.read())
    return found


def compiling_s(pid):
    """Of the Java process PID: what its compiler threads have taken, as far as they still live."""
    taken = 0.0
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        except FileNotFoundError:
            continue  # it has just ended
        if name.startswith(("C1 Comp", "C2 Comp")):
            taken += sum(map(int, rest.split()[11:13])) / os.sysconf("SC_CLK_TCK")
    return taken


def taken_s(world):
    found = processes(world)
    taken = {name: cpu_s(pid) for name, pid in found.items()}
    if "broker" in found:
        taken["of it compiling itself"] = compiling_s(found["broker"])
    return taken


def publish_measured(world, name, count, table, which="each item told and counted"):
    """WHICH: the first ones, of which nothing is wanted."""
    before = taken_s(world)
    seconds = publish(world, name)
    took = {part: after - before[part] for part, after in taken_s(world).items()}
    busy = sum(value for part, value in took.items() if not part.startswith("of it"))
    say(f"catalogue: {count:,} items published in {seconds:.1f} s")
    table.add(f"catalogue: {count:,} items published, {which}", "items/s", f"{count / seconds:,.0f}",
              wanted=f">= {200000 // 10:,}" if name == "BENCH" else "")
    table.add("    processor time of an item: the hub", "µs", f"{took['hub'] / count * 1e6:.1f}",
              ", ".join(f"{part} {took[part] / count * 1e6:.1f}" for part in took if part != "hub"))
    table.add("    processors at work meanwhile", f"of {os.cpu_count()}", f"{busy / seconds:.2f}")


# ---- snapshot and subscriber

def snapshot_made(world, count):
    """The gateway's line about the first snapshot that holds all items."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        with open(world.gateway.log, encoding="utf-8", errors="replace") as file:
            for line in file:
                made = json.loads(line) if line.startswith("{") else {}
                if made.get("event") == "gateway.snapshot" and made["rows"] >= count:
                    return made
        time.sleep(0.1)
    raise Failed("no snapshot holds the release")


def options_of(world, name):
    folder = os.path.join(world.folder, name)
    path = folder + ".options"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"gateway = {world.gateway.addresses['gateway']}\norganisation = {HOSPITAL}\ndirectory = {folder}\n"
                   f"key = {KEY}\nkey_file = {world.key_file(HOSPITAL)}\n")
    return folder, path


def client(world, options, *words):
    program = os.path.join(os.path.dirname(world.program), "medhub-client")
    begun = time.monotonic()
    run = subprocess.run([program, "-c", options, "-t", "120", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         timeout=DEADLINE_S, check=False)
    seconds = time.monotonic() - begun
    if run.returncode != 0:
        raise Failed(f"medhub-client {words[0]}: {run.stderr[-300:]}")
    return run.stdout, seconds


def fresh_subscribers(world, count):
    """How long each of some that have nothing takes, from the start of its program; where the last one has its copy."""
    seconds = []
    for turn in range(FRESH):
        folder, options = options_of(world, f"fresh-{turn}")
        seconds.append(client(world, options, "refresh")[1])
        rows = json.loads(client(world, options, "state")[0])["catalogueRows"]
        if rows != count:
            raise Failed(f"a fresh subscriber has {rows:,} rows")
    return sorted(seconds), folder, options


def follow(bench, world, table):
    """The bureau changes items of the list of 2024, one event each, through the gateway; the institution's followers hear of it."""
    items = [event for event in world.gen("catalogue-2024") if "item_changed" in event["type"] and event["source"] == BUREAU]
    file = f"{world.folder}/changes.ndjson"
    with open(file, "w", encoding="utf-8") as lines:
        for number, event in enumerate(items[:CHANGES]):
            lines.write(json.dumps({**event, "id": f"follow-{number}"}, ensure_ascii=False) + "\n")
    result = bench.call("bench_gateway", "--do", "follow", *world.caller(BUREAU), "--followers", FOLLOWERS, "--polls", POLLS, "--events",
                        file, "--rate", RATE, "--follower-key-id", world.key_id(HOSPITAL), "--follower-secret", world.key_file(HOSPITAL))
    for share, wanted in (("p50", ""), ("p99", "< 1,000"), ("max", "")):
        table.add(f"catalogue: a change at {FOLLOWERS:,} followers, {POLLS} of them by long poll, {share}", "ms",
                  f"{result[share + '_ms']:.1f}", wanted=wanted)


def disk_speed(world, megabytes):
    path = os.path.join(world.folder, "disk")
    content = os.urandom(1 << 20)
    begun = time.monotonic()
    with open(path, "wb") as file:
        for _ in range(int(megabytes)):
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - begun
    os.remove(path)
    return megabytes / seconds


def report(table, count, made, seconds, disk, result, copy_bytes):
    raw = f"gzip -6 {result['gzip']:.0f}, zstd -3 {result['zstd']:.0f}, disk {disk:.0f}"
    slowest = min(result["gzip"], disk)
    build, serve, text = made["bytes"] / made["us"], made["bytes"] / 1e6 / seconds[len(seconds) // 2], made["bytes"] / 1e6
    table.add(f"catalogue: snapshot of {count:,} items made, as zstd and as gzip", "MB/s", f"{build:.0f}", raw, f"{build / slowest:.2f}")
    table.add(f"catalogue: a fresh subscriber of {count:,} items ({text:.0f} MB) is current", "s", f"{seconds[len(seconds) // 2]:.2f}",
              f"{seconds[0]:.2f} to {seconds[-1]:.2f}", wanted="< 2")
    table.add("    snapshot served, taken in and checked", "MB/s", f"{serve:.0f}", raw, f"{serve / slowest:.2f}")
    table.add("catalogue: look-ups by date in libmedhub, one core", "look-ups/s", f"{result['copy_lookups']:,.0f}", wanted=">= 200,000")
    table.add("catalogue: look-ups by date in the hub's table, one core", "look-ups/s", f"{result['table_lookups']:,.0f}",
              f"from a county outwards {result['county_lookups']:,.0f}", wanted=">= 1,000,000")
    table.add("catalogue: 100,000 rows of the hub's table with their history, page cache", "MB", f"{result['table_megabytes']:.1f}",
              f"libmedhub's copy {copy_bytes / 1e6 * 100000 / count:.1f}")


def measure(bench, size, table):
    count = size["catalogue_items"]
    world = World(bench, "catalogue", (BUREAU, HOSPITAL), "hmac", gateway__snapshot_seconds=1, gateway__requests_per_second=1000000,
                  gateway__requests_burst=1000000, gateway__nonces_max=10000000, gateway__connections_per_address_max=4096,
                  log__level="info")
    codes = list(itertools.islice(real_codes(), count + count // WARM_SHARE))
    warm_up(world, codes[count:], table)
    stage_s = stage(world, "BENCH", codes[:count])
    say(f"catalogue: {count:,} items staged in {stage_s:.1f} s")
    table.add(f"catalogue: {count:,} items staged", "rows/s", f"{count / stage_s:,.0f}", wanted=f">= {200000 // 20:,}")
    publish_measured(world, "BENCH", count, table)
    made = snapshot_made(world, count)
    seconds, folder, options = fresh_subscribers(world, count)
    snapshot = f"{world.folder}/release.ndjson.gz"
    os.link(f"{world.folder}/tables/catalogue.ndjson.gz", snapshot)
    follow(bench, world, table)
    world.gateway.stop()
    world.stop_others()
    result = bench.call("bench_catalogue", "--snapshot", snapshot, "--directory", f"{world.folder}/look", "--options", options,
                        "--lookups", LOOKUPS)
    copy_bytes = max(os.path.getsize(path) for path in glob.glob(f"{folder}/catalogue-*.sqlite"))
    report(table, count, made, seconds, disk_speed(world, made["bytes"] / 1e6), result, copy_bytes)

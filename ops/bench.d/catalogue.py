"""ops/bench catalogue: a release of many items from a file to a subscriber: staged, published, snapshot made and served, taken in by
libmedhub, looked up there; then how soon 1,000 followers, half of them by long poll, hear of single changes. Beside the snapshot the
speed of gzip and of the disk on the same bytes."""
import ctypes
import datetime
import json
import os
import subprocess
import time
import zlib

from gateway import BUREAU, HOSPITAL, cpu_s
from tools import DEADLINE_S, Failed, say
from world import KEY, World

TOMORROW = (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))) + datetime.timedelta(days=1)).date()
LOOKUPS = 20000
FOLLOWERS, POLLS, CHANGES, RATE = 1000, 500, 60, 4


class Error(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("rest", ctypes.c_char * 4096)]


def write_items(path, count):
    with open(path, "w", encoding="utf-8") as file:
        file.write("kind,code,name,specification,unit,maker,pay_class,price_limit\n")
        for i in range(count):
            file.write(f"KIND_WESTERN_DRUG,B{i:019d},药品{i},10ml×6支,盒,制药有限公司{i % 977},PAY_CLASS_B,{i % 1000}.{i % 100:02d}\n")


def ctl(world, *words):
    begun = time.monotonic()
    run = subprocess.run([world.program, "ctl", "catalogue", *map(str, words), "-q", "-o", "json", "-b", world.bench.brokers],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)
    if run.returncode != 0:
        raise Failed(f"ctl catalogue {words[0]}: {run.stdout[-300:]} {run.stderr[-300:]}")
    return json.loads(run.stdout), time.monotonic() - begun


def options_of(world, name):
    folder = os.path.join(world.folder, name)
    path = folder + ".options"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"gateway = {world.gateway.addresses['gateway']}\norganisation = {HOSPITAL}\ndirectory = {folder}\n"
                   f"key = {KEY}\nkey_file = {world.key_file(HOSPITAL)}\n")
    return path


def client(world, options, *words):
    program = os.path.join(os.path.dirname(world.program), "medhub-client")
    begun = time.monotonic()
    run = subprocess.run([program, "-c", options, "-t", "120", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         timeout=DEADLINE_S, check=False)
    return run, time.monotonic() - begun


def fresh_subscriber(world, count, tries=200):
    """Waits for a snapshot that holds the release, then times one more that has nothing."""
    for turn in range(tries):
        options = options_of(world, f"waits-{turn}")
        run, _ = client(world, options, "refresh")
        state, _ = client(world, options, "state")
        if run.returncode == 0 and json.loads(state.stdout)["catalogueRows"] >= count:
            options = options_of(world, "fresh")
            _, seconds = client(world, options, "refresh")
            return options, seconds
        time.sleep(0.5)
    raise Failed("no snapshot holds the release")


def lookups_per_s(library, options, count):
    """Through Python's ctypes, which costs about a microsecond each."""
    medhub = ctypes.CDLL(library)
    for name in ("medhub_options_new", "medhub_options_read", "medhub_open"):
        getattr(medhub, name).restype = ctypes.c_void_p if name == "medhub_options_new" else ctypes.c_int
    error, hub, json_text = Error(), ctypes.c_void_p(), ctypes.c_char_p()
    error.size = ctypes.sizeof(Error)
    made = ctypes.c_void_p(medhub.medhub_options_new())
    if medhub.medhub_options_read(made, options.encode(), None) != 0 or medhub.medhub_open(made, ctypes.byref(hub), None) != 0:
        raise Failed("libmedhub does not open the copy")
    day, found = str(TOMORROW).encode(), 0
    codes = [f"B{i * 7919 % count:019d}".encode() for i in range(LOOKUPS)]
    begun = time.thread_time()
    for code in codes:
        found += medhub.medhub_catalogue_find(hub, b"WESTERN_DRUG", code, b"440100", day, ctypes.byref(json_text), None) == 0
        medhub.medhub_free(json_text)
    seconds = time.thread_time() - begun
    medhub.medhub_close(hub)
    if found != LOOKUPS:
        raise Failed(f"{found} of {LOOKUPS} items were found")
    return LOOKUPS / seconds


def raw_limits(path):
    """The same bytes through gzip, and to the disk: MB/s of what goes in."""
    with open(path, "rb") as file:
        packed = file.read()
    content = zlib.decompress(packed, 31)
    begun = time.thread_time()
    zlib.compress(content, 6)
    gzip_s = time.thread_time() - begun
    begun = time.monotonic()
    with open(path + ".copy", "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    disk_s = time.monotonic() - begun
    os.remove(path + ".copy")
    return len(content) / 1e6, len(content) / 1e6 / gzip_s, len(content) / 1e6 / disk_s


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


def measure(bench, size, table):
    count = size["catalogue_items"]
    world = World(bench, "catalogue", (BUREAU, HOSPITAL), "hmac", gateway__snapshot_seconds=1, gateway__requests_per_second=1000000,
                  gateway__requests_burst=1000000, gateway__nonces_max=10000000, gateway__connections_per_address_max=4096)
    items = os.path.join(world.folder, "items.csv")
    write_items(items, count)
    staged, stage_s = ctl(world, "stage", items, "--release", "BENCH", "--region", "000000", "--proposer", "a")
    say(f"catalogue: {staged['items']:,} items staged in {stage_s:.1f} s")
    hub = world.others[0].process.pid
    before_s = cpu_s(hub)
    _, publish_s = ctl(world, "publish", "BENCH", "--effective", TOMORROW, "--approver", "b", "--timeout", DEADLINE_S - 60)
    say(f"catalogue: published in {publish_s:.1f} s")
    table.add(f"catalogue: {count:,} items staged", "rows/s", f"{count / stage_s:,.0f}", wanted=f">= {200000 // 20:,}")
    table.add("catalogue: published, each item told and counted", "items/s", f"{count / publish_s:,.0f}",
              wanted=f">= {200000 // 10:,}")
    table.add("    processor time of the hub, of an item", "µs", f"{(cpu_s(hub) - before_s) / count * 1e6:.1f}")
    options, fresh_s = fresh_subscriber(world, count)
    megabytes, gzip, disk = raw_limits(f"{world.folder}/tables/catalogue.ndjson.gz")
    table.add(f"catalogue: a fresh subscriber of {count:,} items is current", "s", f"{fresh_s:.2f}", wanted="< 2")
    table.add("    snapshot served, taken in and checked", "MB/s", f"{megabytes / fresh_s:.1f}",
              f"gzip -6 {gzip:.0f}, disk {disk:.0f}", f"{megabytes / fresh_s / min(gzip, disk):.2f}")
    library = os.path.join(os.path.dirname(bench.programs), "hub/client/libmedhub.so")
    table.add("catalogue: look-ups by date in libmedhub, one core", "look-ups/s",
              f"{lookups_per_s(library, options, count):,.0f}", wanted=">= 200,000")
    follow(bench, world, table)
    world.gateway.stop()
    world.stop_others()

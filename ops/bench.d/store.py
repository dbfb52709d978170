"""ops/bench store: rows a second of the SQL store beside bare inserts of the same rows, alternating, from what the hub made of
real prescriptions, into SQLite (prepared inserts) and PostgreSQL (COPY); then look-ups by each kind of key in a large read model
of each."""
import statistics

from databases import DATABASES
from tools import Failed, say

BARE = {"SQLite": ("bare", "bare inserts"), "PostgreSQL": ("copy", "COPY")}


def rates(bench, rounds, name, make, drop):
    """Both begin with an empty database each time. The first round finds a cold broker and does not count."""
    store, bare = [], []
    for turn in range(rounds + 1):
        for what, into in (("apply", store), (BARE[name][0], bare)):
            database = make(f"store-{what}-{turn}")
            result = bench.call("bench_store", "--do", what, "--database", database)
            drop(database)
            say(f"store: {name}: {what}: {result['rows']:,} rows, {result['rows_per_s']:,} a second, "
                f"{result['cpu_seconds']:.1f} CPU-seconds")
            if turn > 0:
                into.append(result["rows_per_s"])
    return store, bare


def measure_rates(bench, size, table, spread, name, make, drop):
    store, bare = rates(bench, size["rounds"], name, make, drop)
    table.add(f"store: rows into {name}", "rows/s", spread(store), f"{BARE[name][1]} {spread(bare)}",
              f"{statistics.median(store) / statistics.median(bare):.2f}", ">= 0.70")


def measure_look_ups(bench, size, table, name, make, drop):
    say(f"store: filling {size['store_rows']:,} rows into {name}")
    database = make("lookup")
    result = bench.call("bench_store", "--do", "lookup", "--rows", size["store_rows"], "--database", database)
    drop(database)
    for answer in result["answers"]:
        table.add(f"store: {name}, look-up by {answer['question']}, {result['rows']:,} rows", "ms p50 / p99",
                  f"{answer['p50_ms']:.2f} / {answer['p99_ms']:.2f}", wanted="< 5")


def measure(bench, profile, size, table, spread):
    bench.call("bench_load", "--tables", 1)
    profile.load(size["store_events"])
    bench.hub("prescription", 1, events=size["store_events"]).finish()
    for name, database in DATABASES:
        try:
            with database(bench) as (make, drop, _):
                measure_rates(bench, size, table, spread, name, make, drop)
                measure_look_ups(bench, size, table, name, make, drop)
        except (RuntimeError, Failed) as error:
            table.missing(f"store: {name}", str(error))

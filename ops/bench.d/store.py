"""ops/bench store: rows a second of the SQL store beside bare batched inserts of the same rows, alternating, from what the hub
made of real prescriptions; then look-ups by each kind of key in a large read model."""
import os
import statistics

from tools import say


def rates(bench, rounds):
    """Both begin with an empty database each time. The first round finds a cold broker and does not count."""
    store, bare = [], []
    for turn in range(rounds + 1):
        for name, into in (("apply", store), ("bare", bare)):
            database = os.path.join(bench.folder, f"store-{name}-{turn}.sqlite")
            result = bench.call("bench_store", "--do", name, "--database", database)
            for suffix in ("", "-wal", "-shm", ".lock"):
                if os.path.exists(database + suffix):
                    os.remove(database + suffix)
            say(f"store: {name}: {result['rows']:,} rows, {result['rows_per_s']:,} a second, "
                f"{result['cpu_seconds']:.1f} CPU-seconds")
            if turn > 0:
                into.append(result["rows_per_s"])
    return store, bare


def measure(bench, profile, size, table, spread):
    bench.call("bench_load", "--tables", 1)
    profile.load(size["store_events"])
    bench.hub("prescription", 1, events=size["store_events"]).finish()
    store, bare = rates(bench, size["rounds"])
    table.add("store: rows into SQLite", "rows/s", spread(store), f"bare inserts {spread(bare)}",
              f"{statistics.median(store) / statistics.median(bare):.2f}", ">= 0.70")
    say(f"store: filling {size['store_rows']:,} rows")
    result = bench.call("bench_store", "--do", "lookup", "--rows", size["store_rows"], "--database",
                        os.path.join(bench.folder, "lookup.sqlite"))
    for answer in result["answers"]:
        table.add(f"store: look-up by {answer['question']}, {result['rows']:,} rows", "ms p50 / p99",
                  f"{answer['p50_ms']:.2f} / {answer['p99_ms']:.2f}", wanted="< 5")

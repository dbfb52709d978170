"""ops/bench trace: the questions about items and lots, asked of a large read model in SQLite and, where Debian's PostgreSQL is
installed, in PostgreSQL; and how many bytes of keyed state an item takes. The read model is filled by the store's own way from a scan to its rows; Kafka has no part in it."""
import os

from databases import DATABASES
from tools import ROOT, Failed, say


def measure_items(bench, size, table):
    """Key and value of the rows that the hub keeps of an item, after the chains of the generator were decided."""
    result = bench.call("bench_items", "--directory", os.path.join(bench.folder, "items"), "--chains", size["trace_chains"], "--data",
                        f"{ROOT}/ops/data")
    for name, count, key, wanted in (("an item that lies in its pack", "packed", "bytes_a_packed_item", "<= 200"),
                                     ("an item, all on average", "items", "bytes_an_item", "<= 200"),
                                     ("an item that was settled", "settled", "bytes_a_settled_item", ""),
                                     ("a lot at one holder", "lots", "bytes_a_lot", "")):
        table.add(f"trace: state of {name}, {result[count]:,} of them", "bytes", f"{result[key]:.0f}", wanted=wanted)


def measure(bench, size, table):
    measure_items(bench, size, table)
    for name, database in DATABASES:
        say(f"trace: filling {size['trace_scans']:,} scans into {name}")
        try:
            with database(bench) as (make, _, size_of):
                where = make("trace")
                result = bench.call("bench_trace", "--database", where, "--scans", size["trace_scans"], "--holders",
                                    size["trace_holders"], "--data", f"{ROOT}/ops/data")
                bytes_each = size_of(where) / result["scans"]
        except (RuntimeError, Failed) as error:
            table.missing(f"trace: {name}", str(error))
            continue
        table.add(f"trace: scans into {name}", "scans/s", f"{result['scans'] / result['fill_seconds']:,.0f}")
        table.add(f"trace: {name}, tables and indexes of a scan", "bytes", f"{bytes_each:,.0f}")
        for answer in result["answers"]:
            recall = answer["rows"] >= size["trace_holders"]
            table.add(f"trace: {name}, {answer['question']}, {result['scans']:,} scans",
                      "ms to the first row" if recall else "ms p50 / p99",
                      f"{answer['first_row_ms_max']:.1f}" if recall else f"{answer['p50_ms']:.2f} / {answer['p99_ms']:.2f}",
                      wanted="< 200" if recall else "< 100")

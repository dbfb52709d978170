"""The two databases of the read model, made for a measurement and gone after it."""
import contextlib
import os
import sys

from tools import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import postgresql  # noqa: E402


@contextlib.contextmanager
def sqlite(bench):
    """Gives make(name) -> where it lies, and drop(where); size(where) in bytes."""
    made = []

    def make(name):
        made.append(os.path.join(bench.folder, f"{name}.sqlite"))
        return made[-1]

    def drop(where):
        for suffix in ("", "-wal", "-shm", ".lock"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(where + suffix)
    try:
        yield make, drop, os.path.getsize
    finally:
        for where in made:
            drop(where)


@contextlib.contextmanager
def postgres(bench):
    """The same. Debian's server as it is configured by default, on a Unix socket."""
    cluster, names = postgresql.Cluster(), {}

    def make(name):
        where = cluster.database(name)
        names[where] = name
        return where
    try:
        yield (make, lambda where: cluster.ask("postgres", f'DROP DATABASE "{names[where]}"'),
               lambda where: int(cluster.ask(names[where], f"SELECT pg_database_size('{names[where]}')")))
    finally:
        cluster.stop()


DATABASES = (("SQLite", sqlite), ("PostgreSQL", postgres))

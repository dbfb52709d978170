"""A PostgreSQL of a test's own: Debian's, in a folder of its own, on a Unix socket, gone with the test."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile


def _programs():
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
                      key=lambda path: int(path.parent.parent.name))
    if not versions:
        raise RuntimeError("postgresql is missing: run ops/deps test")
    return versions[-1].parent


class Cluster:
    """initdb refuses to run as root: then everything runs as the user postgres, which Debian's package brings."""

    def __init__(self):
        self.programs = _programs()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="medhub-pg."))  # short: the path of a socket has 107 bytes
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", self.folder / "data", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "-N")
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o",
                  f"-c listen_addresses='' -c unix_socket_directories={self.folder}", "start")

    def _run(self, program, *arguments):
        become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run([*become, self.programs / program, *arguments], stdin=subprocess.DEVNULL, cwd="/",
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")

    def ask(self, database, text):
        """The first value of the answer, "" if there is none."""
        done = subprocess.run([self.programs / "psql", "-h", self.folder, "-U", self.user, "-At", "-c", text, database],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              timeout=60)
        return done.stdout.strip()

    def database(self, name):
        """Makes a database and gives its URL."""
        self._run("createdb", "-h", self.folder, name)
        return f"postgresql://{self.user}@/{name}?host={self.folder}"

    def restart(self):
        """At once, as after a crash of the server."""
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "-l", self.folder / "log", "-o",
                  f"-c listen_addresses='' -c unix_socket_directories={self.folder}", "restart")

    def stop(self):
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

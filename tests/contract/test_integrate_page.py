#!/usr/bin/python3
# timeout: 120
"""The page that walks a partner's engineer from a key to a dispensing (ops/docs/integrate.md) does what it says: its blocks of sh
are run one after the other in one shell, against the hub that they start, and each says what the block of JSON after it shows (…
stands for anything). The Chinese page has the same blocks."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
MEDHUB = pathlib.Path(os.environ["MEDHUB"])
PAGES = SOURCE / "ops" / "docs"
MARK = "@@ block "


def blocks(page):
    """[language, text] of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (PAGES / page).read_text(encoding="utf-8"), re.M | re.S)


def run(commands, folder):
    """What each block wrote, standard error among it."""
    script = "exec 2>&1\n" + "".join(f"printf '\\n{MARK}{i}\\n'\n{text}" for i, text in enumerate(commands))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_")}
    environment |= {"PATH": f"{MEDHUB.parent}:{SOURCE / 'ops' / 'examples'}:{os.environ['PATH']}", "MEDHUB_MONITOR_PORT": "0",
                    "MEDHUB_DATA_DIR": str(SOURCE / "ops" / "data"), "TMPDIR": folder}
    shell = subprocess.Popen(["sh", "-eu", "-c", script], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True,
                             start_new_session=True)
    try:
        out, _ = shell.communicate(timeout=100)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # what a failed page leaves running
        except ProcessLookupError:
            pass
    if shell.returncode != 0:
        sys.exit(f"the page ends with {shell.returncode}:\n{out}")
    return re.split(rf"^{MARK}\d+$", out, flags=re.M)[1:]


def shows(said, wanted):
    """True if the parts of WANTED between … stand in SAID, in order."""
    at = 0
    for part in wanted.strip().split("…"):
        found = said.find(part.strip(), at)
        if found < 0:
            return False
        at = found + len(part.strip())
    return True


def main():
    page = blocks("integrate.md")
    assert page == blocks("integrate.zh-CN.md"), "the two pages have different blocks"
    commands = [text for language, text in page if language == "sh"]
    assert len(commands) > 8, len(commands)
    with tempfile.TemporaryDirectory() as folder:
        said = run(commands, folder)
    compared, block = 0, -1
    for language, text in page:
        if language == "sh":
            block += 1
            continue
        if not shows(said[block], text):
            sys.exit(f"after\n{commands[block]}\nthe page shows\n{text}\nbut it was\n{said[block]}")
        compared += 1
    assert compared > 7, compared


main()

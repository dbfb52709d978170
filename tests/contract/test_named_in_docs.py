#!/usr/bin/python3
"""What runbooks, READMEs and alerts name exists: commands with their options, metrics, settings. An operator at night types what
stands there."""
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
MEDHUB = os.environ["MEDHUB"]
NOT_OURS = ("build", ".git", "ops/docs", "tests/data")  # ops/docs is generated from the program
LINE = re.compile(r"(?:^|[`$\s(/\"])medhub((?: [^`|<>;)#\n]+)+)")
failures = []


def complain(text):
    failures.append(text)
    print(text, file=sys.stderr)


def run(*words):
    return subprocess.run([MEDHUB, *words], capture_output=True, text=True, timeout=30, check=False).stdout


def commands():
    """The words of every command, longest first."""
    found = set()
    for line in run("help").splitlines():
        if line.startswith("  medhub "):
            words = []
            for word in line.split()[1:]:
                if not re.fullmatch(r"[a-z][a-z-]*", word):
                    break
                words.append(word)
            found.add(tuple(words))
    return sorted(found, key=len, reverse=True)


def pages():
    for path in sorted([*SOURCE.rglob("*.md"), SOURCE / "helm" / "files" / "alerts.yaml"]):
        name = str(path.relative_to(SOURCE))
        if path.exists() and not name.startswith(NOT_OURS) and "node_modules" not in name and name != "CHANGELOG.md":
            yield name, path.read_text(encoding="utf-8")


class Names:
    def __init__(self):
        self.commands = commands()
        self.helps = {}
        self.metrics = set(re.findall(r"\bmedhub_[a-z0-9_]+", run("ctl", "docs", "metrics")))
        self.firsts = {words[0] for words in self.commands}

    def help(self, words):
        if words not in self.helps:
            self.helps[words] = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", run(*words, "--help")))
        return self.helps[words]

    def is_group(self, words):
        """`medhub ctl webhook`, and no more: several commands at once."""
        plain = [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)]
        return any(tuple(plain) == command[:len(plain)] for command in self.commands)

    def check_command(self, page, said):
        words = said.split()
        if words[0] not in self.firsts or (words[0] == "ctl" and (len(words) < 2 or not re.fullmatch(r"[a-z-]+", words[1]))):
            return False  # prose: "medhub is …"
        found = next((command for command in self.commands if tuple(words[:len(command)]) == command), None)
        if found is None and not self.is_group(words) and words[:2] != ["ctl", "help"]:
            complain(f"{page}: there is no command: medhub {said.strip()[:80]}")
        if found is None:
            return True
        for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z](?![\w-]))", said):
            if option not in self.help(found):
                complain(f"{page}: medhub {' '.join(found)} knows no {option}")
        return True

    def check_metric(self, page, name):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in self.metrics and plain not in self.metrics:
            complain(f"{page}: there is no metric {name}")


def main():
    names, seen = Names(), 0
    assert len(names.commands) > 30 and len(names.metrics) > 30, (len(names.commands), len(names.metrics))
    for page, text in pages():
        for said in LINE.findall(text.replace("\\\n", " ")):
            seen += names.check_command(page, said)
        if page.startswith(("ops/runbooks/", "helm/")):
            for metric in set(re.findall(r"\bmedhub_[a-z0-9_]+[a-z0-9]\b", text)):
                names.check_metric(page, metric)
    if seen < 40:
        complain(f"only {seen} commands were found in the pages: this test does not see them")
    sys.exit(1 if failures else 0)


main()

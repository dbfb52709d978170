"""Reads what callgrind wrote: the total, and what calls into one library cost."""
import re


class Profile:
    """calls: {(caller's file, caller, callee): instructions spent inside the callee}."""

    def __init__(self, path):
        self.total = 0
        self.calls = {}
        self._names = {"fn": {}, "fl": {}}
        self._read(path)

    def _name(self, kind, text):
        """(7) name defines number 7; (7) alone refers to it."""
        number, _, name = text.partition(" ")
        names = self._names[kind]
        if name:
            names[number] = name
        return names.get(number, text)

    def _read(self, path):
        file = function = callee = ""
        call_follows = False
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, equals, value = line.rstrip("\n").partition("=")
                if call_follows:
                    where = (file, function, callee)
                    self.calls[where] = self.calls.get(where, 0) + int(line.split()[1])
                    call_follows = False
                elif equals and key in ("fl", "fi", "fe", "cfi", "cfl"):
                    name = self._name("fl", value)
                    file = name if key == "fl" else file
                elif equals and key == "fn":
                    function = self._name("fn", value)
                elif equals and key == "cfn":
                    callee = self._name("fn", value)
                elif equals and key == "calls":
                    call_follows = True
                elif line.startswith("totals:"):
                    self.total = int(line.split()[1])

    def into_library(self, folder, prefix):
        """Spent in functions PREFIX* that were called from files outside FOLDER."""
        return sum(cost for (file, _, callee), cost in self.calls.items()
                   if folder not in file and re.match(prefix, callee))

    def inside(self, function):
        """Spent in FUNCTION and below, as its callers see it."""
        return sum(cost for (_, _, callee), cost in self.calls.items() if callee == function)

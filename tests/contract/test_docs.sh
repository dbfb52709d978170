#!/bin/bash
# The generated pages of ops/docs are what the program says today; links between pages lead somewhere; every folder of
# the house has a README of at most a page; the worked example of an event and a rule is short, and what it calls exists.
set -euo pipefail

cd "$MEDHUB_SOURCE_DIR"
failures=0
complain() { echo "$*" >&2; failures=$((failures + 1)); }

for page in rules sources settings metrics topics; do
    "$MEDHUB" ctl docs "$page" | diff -u "ops/docs/$page.md" - >&2 ||
        complain "ops/docs/$page.md is stale: medhub ctl docs $page >ops/docs/$page.md"
done

# Pages that belong to us: not what a build fetched.
mapfile -t pages < <(find . -name '*.md' -not -path './build*' -not -path './.git/*')
for page in "${pages[@]}"; do
    while read -r link; do
        [ -e "$(dirname "$page")/${link%%#*}" ] || complain "$page: no such file: $link"
    done < <(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//' | grep -v '^[a-z]*:' || true)
done

example_lines_max=30
example() { awk '/^## (Adding an event|增加一个事件)/ { on = 1; next } /^## / { on = 0 } on && /^```/ { code = !code; next } on && code' "$1"; }
for page in README.md README.zh-CN.md; do
    lines=$(example "$page" | wc -l)
    { [ "$lines" -gt 10 ] && [ "$lines" -le $example_lines_max ]; } || complain "$page: a worked example of $lines lines"
    for name in $(example "$page" | grep -oE '[a-z_]+\(' | tr -d '(' | sort -u | grep -vxE 'if'); do
        grep -rqw "$name" hub/domain schemas/medhub || complain "$page: nothing is called $name"
    done
    for field in $(example "$page" | grep -oE '[a-z_]+ = [0-9]+ \[' | tr -d ' ['); do
        sed -n '/^message Revoked/,/^}/p' schemas/medhub/prescription/v1/prescription.proto | tr -d ' ' | grep -qF "$field[" ||
            complain "$page: not in prescription.proto: $field"
    done
done

page_lines_max=70
for folder in hub connectors ops tests schemas helm hub/*/ connectors/*/; do
    [ -d "$folder" ] || continue
    readme=${folder%/}/README.md
    if [ ! -e "$readme" ]; then
        complain "$readme is missing"
    elif [ "$(wc -l <"$readme")" -gt $page_lines_max ]; then
        complain "$readme is longer than a page ($page_lines_max lines)"
    fi
done

[ "$failures" = 0 ]

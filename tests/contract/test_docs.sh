#!/bin/bash
# The generated pages of ops/docs are what the program says today; links between pages lead somewhere; every folder of
# the house has a README of at most a page.
set -euo pipefail

cd "$MEDHUB_SOURCE_DIR"
failures=0
complain() { echo "$*" >&2; failures=$((failures + 1)); }

for page in rules settings metrics topics; do
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

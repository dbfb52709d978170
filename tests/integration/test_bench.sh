#!/bin/bash
# timeout: 900
# ops/bench works: the counter runs on the engine against a real Kafka, every fact equals an independent recount, and
# the table says what was reached. The numbers themselves are nobody's test.
set -euo pipefail
table=$(ops/bench counter --quick --build "$MEDHUB_BUILD_DIR")
echo "$table"
grep -q 'counter: facts that differ from an independent recount .* 0 ' <<<"$table"
grep -q 'counter: submit to fact visible, p50' <<<"$table"

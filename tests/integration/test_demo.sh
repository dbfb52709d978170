#!/bin/bash
# timeout: 600
# ops/demo tells the whole story and ends with 0 on the embedded broker and on a real Kafka; it ends with 1 when the
# catalogue's changes are not the known ones; it leaves nothing behind.
set -euo pipefail

# Where the demo would build anyway, it does: then nothing but the build is left out.
[ "$MEDHUB" != "$MEDHUB_SOURCE_DIR/build/release/bin/medhub" ] || unset MEDHUB

work=$(mktemp -d "$MEDHUB_BUILD_DIR/demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"
export TMPDIR=$work/tmp
fail() { echo "$*" >&2; tail -40 "$work/out" "$work/err" >&2; exit 1; }
demo() { "$MEDHUB_SOURCE_DIR/ops/demo" --count 50 "$@" >"$work/out" 2>"$work/err"; }

tells_everything() {
    local name
    for name in decode_stage authorise_stage dedupe_stage check_stage decide_stage emit_stage batch_run; do
        grep -q "$name" "$work/out" || fail "the journey does not tell of $name"
    done
    [ "$(grep -c '^      依据 document  .' "$work/out")" = 3 ] || fail "not three refusals with their citations"
    grep -q '^    [0-9]* submitted = [0-9]* accepted + [0-9]* refused + [0-9]* duplicate + 0 queued$' "$work/out" ||
        fail "the sum is missing"
    grep -q '^  ✓ [1-9][0-9]* 份收到 = [1-9][0-9]* 份应得' "$work/out" || fail "the webhook endpoint did not get its deliveries"
    [ "$(grep -c '^  ✓ 由查询库的索引回答' "$work/out")" = 3 ] || fail "not three searches that were answered"
    for name in '只由一家药店、只配一次' '没有一条预警' '一环不缺' '召回的下一个事务起即拒绝' '三支都找到了'; do
        grep -q "^  ✓ .*$name" "$work/out" || fail "the stent's chain and recall do not tell: $name"
    done
    ! grep -q '✗' "$work/out" || fail "something does not hold"
    [ -z "$(ls -A "$work/tmp")" ] || fail "left behind: $(ls -A "$work/tmp")"
}

demo || fail "ops/demo ended with $?"
tells_everything

demo --kafka || fail "ops/demo --kafka ended with $?"
tells_everything

cp -r "$MEDHUB_SOURCE_DIR/ops/data" "$work/data"
sed -i '2d' "$work/data/nrdl_diff_2024_2025.csv"
if MEDHUB_DATA_DIR=$work/data demo; then fail "another known difference, and the demo is content"; fi
grep -q '✗ 逐项相等' "$work/out" || fail "it failed for another reason"
[ -z "$(ls -A "$work/tmp")" ] || fail "left behind after a failure: $(ls -A "$work/tmp")"

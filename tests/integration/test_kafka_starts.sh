#!/bin/bash
# timeout: 180
# ops/kafka: one node starts, answers, starts again without doing anything, stops, and keeps its data and address.
set -euo pipefail

dir=$(mktemp -d "$MEDHUB_BUILD_DIR/kafka-starts.XXXXXX")
trap '"$MEDHUB_SOURCE_DIR/ops/kafka" stop --dir "$dir"; rm -rf "$dir"' EXIT
kafka() { "$MEDHUB_SOURCE_DIR/ops/kafka" "$@" --dir "$dir"; }
brokers() { /usr/bin/python3 "$MEDHUB_SOURCE_DIR/ops/kafka.d/brokers.py" "${address##*:}"; }
fail() { echo "$*" >&2; exit 1; }

address=$(kafka start)
[[ $address == 127.0.0.1:* ]] || fail "start printed $address"
[ "$(brokers)" = 1 ] || fail "the broker does not answer"
[ "$(kafka start)" = "$address" ] || fail "a second start printed another address"
[ "$(kafka status)" = "$address" ] || fail "status printed another address"

kafka stop
[ "$(brokers)" = 0 ] || fail "the broker answers after stop"
if kafka status; then fail "status is 0 after stop"; fi

[ "$(kafka start)" = "$address" ] || fail "the address changed over stop and start"
[ "$(brokers)" = 1 ] || fail "the broker does not answer after the second start"

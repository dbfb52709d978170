#!/bin/bash
# timeout: 600
# Partitions change hands: a hub that sleeps, one that comes and goes, two of one name, a transaction that does not end.
exec "$MEDHUB_SOURCE_DIR/tests/chaos/run.py" paused out_of_time rebalance zombie open_transaction

#!/bin/bash
# timeout: 600
# The verifier sees: a hub with one rule broken turns it red.
exec "$MEDHUB_SOURCE_DIR/tests/chaos/run.py" MUTANT:offsets_outside_transaction MUTANT:store_before_kafka \
    MUTANT:restore_to_stable_offset MUTANT:no_rewind_after_abort MUTANT:read_uncommitted MUTANT:marker_is_next

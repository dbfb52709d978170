#!/bin/bash
# timeout: 600
# Three nodes: the leader of an inbox partition and the coordinators of transactions and group die in turn.
exec "$MEDHUB_SOURCE_DIR/tests/chaos/run.py" leader_killed

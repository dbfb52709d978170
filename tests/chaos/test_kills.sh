#!/bin/bash
# timeout: 600
# kill -9 at every named point, again and again, under one load.
exec "$MEDHUB_SOURCE_DIR/tests/chaos/run.py" plain kills store_lost

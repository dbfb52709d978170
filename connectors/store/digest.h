/* digest.h: what the tables hold, as a number for each: two databases with the same rows have the same digest, whichever
 * database it is and in whatever order the rows came.
 *
 * For each row: its columns in their order, an integer as 8 bytes (little-endian), text and bytes with 4 bytes of length
 * before them, a place as topic name, partition and offset (numbers of topics differ between databases). The digest is the
 * sum of the rows' XXH64 with seed 0, and beside it with seed 1, modulo 2^64. Positions and times of writing are not in it. */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include "store/tables.h"

struct table_digest {
    const char *table;
    int64_t rows;
    uint64_t sums[2];
};

/* All tables from one snapshot. */
enum status digest_all(const struct sql_settings *settings, struct table_digest digests[TABLE_COUNT],
                       struct fault *fault) MUST_CHECK;

#endif

/* catalogue_sum.h: the digest of a catalogue: of all its dated rows, or of some of them, in whatever order they come. The same at the
 * gateway (snapshot), in files (ctl catalogue export), over Kafka (medhub.table.catalogue) and in libmedhub's copies, which work
 * it out for themselves (hub/client/catalogue_row.h).
 *
 * A row counts with the SHA-256 of these seven texts, a line feed between two of them: kind, code, region, valid_from,
 * valid_until ("" is open; dates are YYYY-MM-DD), the item as canonical JSON (RFC 8785, json_encode_canonical), version in
 * decimal. The digest is their sum modulo 2^256, hashes read as big-endian numbers, in 64 small hexadecimal digits. */
#ifndef DOMAIN_CATALOGUE_SUM_H
#define DOMAIN_CATALOGUE_SUM_H

#include "base/bytes.h"
#include "base/date.h"

enum { CATALOGUE_SUM_BYTES = 32, CATALOGUE_SUM_TEXT_BYTES = 65 };

/* {0} is that of no rows. */
struct catalogue_sum {
    uint8_t bytes[CATALOGUE_SUM_BYTES];
    uint64_t rows;
};

struct catalogue_sum_row {
    const char *key, *region; /* KIND/CODE */
    date_t valid_from, valid_until;
    struct bytes item; /* canonical JSON */
    uint64_t version;
};

/* LINE is used for it. False: no memory, or no SHA-256; then the sum is of no use. */
bool catalogue_sum_add(struct catalogue_sum *sum, const struct catalogue_sum_row *row, struct buffer *line);
/* Returns TEXT. */
const char *catalogue_sum_text(const struct catalogue_sum *sum, char text[CATALOGUE_SUM_TEXT_BYTES]);

#endif

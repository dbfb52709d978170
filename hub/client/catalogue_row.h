/* catalogue_row.h: a dated row of the catalogue, as the snapshot's lines and the feed's events say it. */
#ifndef CLIENT_CATALOGUE_ROW_H
#define CLIENT_CATALOGUE_ROW_H

#include "client/error.h"

#include "base/bytes.h"

struct json_t;

/* The catalogue's digest: the sum of its rows' digests modulo 2^256, most significant byte first: the order of rows does not matter. */
enum { DIGEST_SUM_BYTES = 32, DIGEST_SUM_TEXT_BYTES = 65 };
struct digest_sum {
    uint8_t bytes[DIGEST_SUM_BYTES];
};
void digest_sum_add(struct digest_sum *sum, const struct digest_sum *digest);
void digest_sum_subtract(struct digest_sum *sum, const struct digest_sum *digest);
/* Lower-case hexadecimal. Returns TEXT. */
const char *digest_sum_text(const struct digest_sum *sum, char text[DIGEST_SUM_TEXT_BYTES]);

struct catalogue_row {
    const char *table, *code, *region;
    const char *valid_from, *valid_until; /* YYYY-MM-DD; until "" is open */
    const char *item;                     /* JSON */
    int64_t version;                      /* of the item, after the change that wrote the row */
};
/* SHA-256 of kind, code, region, both days, the item as canonical JSON (RFC 8785) and version, with a line feed between two of them:
 * as the gateway's snapshot, files and Kafka count it (ops/docs/calling.md, "Digests"). LINE is used for it. */
struct digest_sum digest_of_row(const struct catalogue_row *row, struct buffer *line);

/* A line of the snapshot: the head names the feed's cursor behind it, the tail counts and sums the rows in
 * between. What READ lends lives until catalogue_line_done(). */
enum catalogue_line_kind { CATALOGUE_HEAD, CATALOGUE_ROW, CATALOGUE_TAIL, CATALOGUE_NO_LINE };
struct catalogue_line {
    struct catalogue_row row;
    const char *cursor; /* of the head */
    int64_t rows;       /* of the tail */
    const char *release; /* of an event; "": none */
    char release_digest[130]; /* of a published one, hexadecimal; "": it has none */
    const char *digest; /* of the tail, hexadecimal */
    struct json_t *root;
    char *item;
};
/* What READ lends of a row may lie in TEXTS, until that is used again. */
enum catalogue_line_kind catalogue_line_read(struct bytes line, struct buffer *texts, struct catalogue_line *read);
void catalogue_line_done(struct catalogue_line *read);

/* The text NAME of an item's JSON; "" if it is not there. False: it does not fit. */
bool catalogue_item_text(const char *item, const char *name, char *text, size_t size);
bool catalogue_item_text_is(const char *item, const char *name, const char *expected);

/* An event of the feed, whose version is the item's: of an item, its payment standard, a listing, a formulary, a code map. A change ends the row that was in force on the day
 * before EFFECTIVE_ON; unless it is a removal, READ holds the row that begins then. */
enum catalogue_news {
    CATALOGUE_NO_CHANGE,
    CATALOGUE_CHANGE,
    CATALOGUE_REMOVAL,
    CATALOGUE_WITHDRAWAL, /* ROW names item, region, the day from which the change would have held, and version; no item */
    CATALOGUE_PUBLISHED,  /* RELEASE, ROWS: as many changes belong to it */
    CATALOGUE_TAKEN_BACK, /* likewise, withdrawals */
    CATALOGUE_UNREADABLE,
};
/* What an item_changed adds to the digest of its release: XXH64, seed 0, of these texts joined by 0x1F: itemKey, region,
 * effectiveOn, the changes without CHANGE_ in order of their numbers joined by ", ", and the whole item as canonical JSON
 * (RFC 8785). The release's is their sum modulo 2^64 (ops/docs/calling.md, "Digests"). */
uint64_t catalogue_change_digest(const struct json_t *event);
enum catalogue_news catalogue_event_read(const struct json_t *event, struct catalogue_line *read);

#endif

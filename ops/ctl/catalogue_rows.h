/* catalogue_rows.h: dated rows of the catalogue in a compressed file: all of them (a snapshot), or what makes of one catalogue another
 * (changes: the rows that are new or other, the rows that go, and both catalogues' digests). In one of two forms, which the reader
 * tells apart by itself:
 *
 *     csv        a header, then key,region,valid_from,valid_until,version,name,item; the item is canonical JSON (RFC 8785). Changes
 *                have a column before these, change: put, remove (the row named by key, region and valid_from goes), and as first
 *                and last row before and after, with the number of rows in version and the digest in item
 *     protobuf   a length and a medhub.event.v1.TableRow each; in changes `removed` is set in what goes, and first and last row are
 *                of the table "digest", with key "before" and "after", the number in version and 32 bytes of digest in value
 *
 * The digest is domain/catalogue_sum.h's. */
#ifndef CTL_CATALOGUE_ROWS_H
#define CTL_CATALOGUE_ROWS_H

#include "base/arena.h"
#include "base/fault.h"
#include "domain/catalogue_sum.h"
#include "domain/messages.h"

enum catalogue_form { CATALOGUE_FORM_CSV, CATALOGUE_FORM_PROTOBUF };

#define DIGEST_TABLE "digest"

enum catalogue_mark {
    CATALOGUE_PUT,
    CATALOGUE_REMOVE, /* KEY, REGION, VALID_FROM */
    CATALOGUE_BEFORE, /* SUM */
    CATALOGUE_AFTER,  /* SUM */
    CATALOGUE_MARKS
};

struct catalogue_dated {
    enum catalogue_mark mark;
    const char *key, *region; /* KIND/CODE */
    date_t valid_from, valid_until;
    uint64_t version;
    const CatalogueItem *item;
    struct bytes json; /* the item in canonical form */
    struct catalogue_sum sum;
};

/* Fills ITEM's canonical JSON into ROW, in ARENA. */
enum status catalogue_dated_json(struct catalogue_dated *row, struct arena *arena, struct fault *fault) MUST_CHECK;
/* Adds a row that is there to SUM. LINE is used for it. */
bool catalogue_dated_count(const struct catalogue_dated *row, struct catalogue_sum *sum, struct buffer *line);

/* --- writing; LINE is appended to --- */

/* The header, where the form has one. */
void catalogue_rows_head(enum catalogue_form form, bool changes, struct buffer *line);
void catalogue_rows_write(enum catalogue_form form, bool changes, const struct catalogue_dated *row, struct buffer *line);

/* --- reading --- */

/* False ends the reading. What ROW lends lives in the arena. */
typedef bool catalogue_rows_each(void *context, const struct catalogue_dated *row);
/* Calls EACH for all rows of TEXT, the content of a file; *CHANGES says which of the two it is. The arena is reset after each row if
 * FORGET. REJECT "catalogue.file": no such file, a row that is not one (with its number), or changes without their digests. */
enum status catalogue_rows_read(struct bytes text, struct arena *arena, bool forget, bool *changes, catalogue_rows_each *each,
                                void *context, struct fault *fault) MUST_CHECK;
/* The same of a file: PATH is unpacked first. */
enum status catalogue_rows_read_file(const char *path, struct arena *arena, bool forget, bool *changes, catalogue_rows_each *each,
                                     void *context, struct fault *fault) MUST_CHECK;

#endif

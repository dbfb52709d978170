/* catalogue_import.h: a snapshot of the gateway on its way into a new copy: lines in pieces as they come, held against the tail. */
#ifndef CLIENT_CATALOGUE_IMPORT_H
#define CLIENT_CATALOGUE_IMPORT_H

#include "client/catalogue_copy.h"
#include "client/catalogue_scope.h"

/* A snapshot on its way in; the worker's own. */
struct catalogue_import {
    struct catalogue_copy *copy;
    const struct catalogue_scope *scope; /* what of it is kept */
    struct buffer line; /* the rest of a piece */
    struct buffer texts, counted; /* of the row in hand */
    struct digest_sum sum;
    uint64_t rows;
    int64_t bytes, bytes_max;
    int64_t begun_ms;
    char cursor[4200];
    bool complete; /* the tail was there, and it agrees */
    enum medhub_status status;
    struct medhub_error error;
};

/* False: it cannot go on; STATUS and ERROR say why. Between copy_begin and copy_end of COPY. */
bool catalogue_import_take(struct catalogue_import *import, struct bytes piece);
/* OK: all of it was there and is right. A download that broke off has no tail. */
enum medhub_status catalogue_import_check(struct catalogue_import *import);

#endif

/* trace_content.h: the rows of what lies in a pack, and of what was taken out of it. Pure.
 *
 *     in/PACK/PRODUCT/s/SERIAL        in/PACK/PRODUCT/l/LOT             lies in the pack with the serial PACK
 *     out/PACK/PRODUCT/s/SERIAL       out/PACK/PRODUCT/l/HOLDER/LOT     was taken out of it, a lot by HOLDER
 *
 * The second kind is for recalls: a recalled pack's goods are recalled wherever they are now. A unit is in
 * one of both rows: it has as many bytes after it was taken out as before. What a name says is not said again
 * in the row. */
#ifndef DOMAIN_TRACE_CONTENT_H
#define DOMAIN_TRACE_CONTENT_H

#include "domain/decision.h"
#include "domain/messages.h"
#include "domain/view.h"

/* What goes in or comes out. */
struct trace_placed {
    const char *pack, *product;
    const char *serial; /* "": so much of LOT */
    const char *lot;
    const char *holder; /* who does it */
    int64_t quantity_e4;
    int64_t at_ms; /* when */
};

/* "in/PACK/..."; NULL when the arena is full. */
const char *trace_content_name(struct arena *arena, const struct trace_placed *placed);
/* "in/PACK/" and "out/PACK/" */
const char *trace_contents_prefix(struct arena *arena, const char *pack);
const char *trace_taken_out_prefix(struct arena *arena, const char *pack);

/* A scanned row with product, serial and lot as its name says them; HOLDER (may be NULL) is who took it out,
 * "" if it lies in the pack. NULL when the arena is full. */
PackContent *trace_read_content(struct view *view, const struct view_row *row, const char **holder);
/* Writes CONTENT to its row NAME. */
void trace_write_content(struct decision *decision, const char *name, const PackContent *content);

/* Both say by how many the rows in the pack have become more (or fewer). CONTENT is its row in the pack, as
 * view_state gives it, or NULL. What the hub named as recalled of a lot goes along. */
int trace_put_in_pack(struct view *view, struct decision *decision, const struct trace_placed *placed,
                      PackContent *content);
int trace_take_from_pack(struct view *view, struct decision *decision, const struct trace_placed *placed,
                         PackContent *content);

/* How much of CONTENT the recall NUMBER has been told of; made if there is none and DECISION is given, else
 * NULL. */
RecalledAmount *trace_recalled_of(struct decision *decision, PackContent *content, const char *number);

#endif

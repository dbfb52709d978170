/* follow.h: one follower of a feed: who he is, what he wants, where he stands, and what he is given: a page, or pieces of a
 * stream. One thread at a time has a follow in hand, like the request it belongs to. */
#ifndef GATEWAY_FOLLOW_H
#define GATEWAY_FOLLOW_H

#include "gateway/request.h"
#include "store/read_model.h"

enum follow_begin { FOLLOW_FROM_PLACE, FOLLOW_FROM_OLDEST, FOLLOW_FROM_NOW };

struct follow {
    struct request *request;
    bool streams; /* wants a stream; there is one once `stream` is set */
    enum follow_begin begin;
    struct viewer viewer;
    const char *const *types; /* NULL: all */
    size_t type_count;
    uint64_t *recipient_hashes; /* of the viewer's recipients */
    struct feed_place place;    /* behind what he was given */
    size_t limit;
    int64_t deadline_us;
    struct stream *stream; /* NULL: a page */
    size_t event_count;    /* in the page */
    bool at_end;
    int64_t quiet_since_us; /* of a stream: when something was last sent */
    struct follow *next;    /* the waiter's */
};

/* True if DELIVERY's recipients or type are none of his. HASHES are those of its recipients (hash_bytes, seed 0). */
bool follow_wants(const struct follow *follow, const uint64_t *hashes, size_t count, const char *type);
/* Gives him EVENT, a CloudEvent in JSON that lies at PARTITION and OFFSET; his place moves behind it. False: a stream's buffer
 * is full, or the stream is over; he and his place are as before. ARENA is scratch. */
bool follow_give(struct follow *follow, int32_t partition, int64_t offset, struct bytes event, struct arena *arena);
/* A comment on a silent stream, so that both sides see that the other is there. */
void follow_keep_alive(struct follow *follow, int64_t now_us);
/* The page, or the end of the stream. Afterwards the request is out of hand. */
void follow_finish(struct follow *follow);
/* Asks the read model again, from his place on: he fell behind. */
void follow_ask_again(struct follow *follow);

/* The types of events that the feed of the catalogue has. NULL: the arena is full. */
const char *const *follow_catalogue_types(struct arena *arena, size_t *count);
/* PLACE is nowhere before OTHER. */
bool place_reaches(const struct feed_place *place, const struct feed_place *other);
/* Moves PLACE so that it reaches OTHER. */
void place_advance(struct feed_place *place, const struct feed_place *other);

#endif

/* progress.h: where an endpoint stands in medhub.delivery.
 *
 * Per partition: everything below NEXT has been looked at, and of that only what is open is not settled. What is open is
 * either in the endpoint's window (endpoint.h) or still wanted: open when the process ended, or asked for again by an
 * operator, and to be read from Kafka once more. So what is kept is bounded by the window, however long one delivery
 * stays open while others pass it. Pure data; one thread. */
#ifndef WEBHOOK_PROGRESS_H
#define WEBHOOK_PROGRESS_H

#include "base/bytes.h"

enum { DELIVERY_PARTITIONS_MAX = 256 };

struct open_delivery {
    int32_t partition;
    int64_t offset;
    unsigned attempts, refusals;
    int64_t first_try_ms, due_ms;
    bool redriven;
};

struct progress {
    int32_t partitions;
    int64_t *next; /* own; counts where nothing is followed, or where it is further */
    const int64_t *following; /* the live reader's next offsets, lent; NULL: not live */
    struct open_delivery *wanted; /* in order of partition and offset */
    size_t wanted_count, wanted_capacity;
};

/* False if memory is out. START are PARTITIONS offsets. */
bool progress_init(struct progress *progress, int32_t partitions, const int64_t *start);
void progress_done(struct progress *progress);

/* The first offset of PARTITION that was not looked at. */
int64_t progress_next(const struct progress *progress, int32_t partition);
/* The low-water mark: everything below it is settled, what operators asked for again aside. */
int64_t progress_low(const struct progress *progress, int32_t partition);
/* Everything below OFFSET has been looked at. Never goes back. */
void progress_looked_at(struct progress *progress, int32_t partition, int64_t offset);
/* From here on the live reader looks for it; FOLLOWING must outlive that. Only if progress_may_follow: nothing that must come
 * before is still to be read, or a key's later deliveries would overtake its earlier ones. */
void progress_follow(struct progress *progress, const int64_t *following);
bool progress_may_follow(const struct progress *progress, const int64_t *following);
void progress_leave(struct progress *progress); /* stays where it is from now on */

/* Adds something that is to be read again. True also if it is wanted already; false if memory is out. */
bool progress_want(struct progress *progress, const struct open_delivery *open);
/* What is wanted at this place, or NULL. Lent until the next change. */
const struct open_delivery *progress_find(const struct progress *progress, int32_t partition, int64_t offset);
void progress_found(struct progress *progress, int32_t partition, int64_t offset); /* it is in the window now, or lost */

#define NOTHING_TO_READ INT64_MAX
/* Where reading goes on: the first wanted offset, else the first that was not looked at; NOTHING_TO_READ if nothing is
 * wanted and the live reader looks for the rest. */
int64_t progress_read_from(const struct progress *progress, int32_t partition);

#endif

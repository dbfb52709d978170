#include "webhook/progress.h"

#include <assert.h>
#include <stdlib.h>

bool progress_init(struct progress *progress, int32_t partitions, const int64_t *start)
{
    size_t bytes = (size_t)partitions * sizeof *progress->next;

    *progress = (struct progress){.partitions = partitions, .next = malloc(bytes)};
    if (progress->next != NULL)
        memcpy(progress->next, start, bytes);
    return progress->next != NULL;
}

void progress_done(struct progress *progress)
{
    free(progress->next);
    free(progress->wanted);
    *progress = (struct progress){0};
}

int64_t progress_next(const struct progress *progress, int32_t partition)
{
    int64_t own = progress->next[partition];
    bool live_is_further = progress->following != NULL && progress->following[partition] > own;
    return live_is_further ? progress->following[partition] : own;
}

void progress_looked_at(struct progress *progress, int32_t partition, int64_t offset)
{
    if (offset > progress->next[partition])
        progress->next[partition] = offset;
}

bool progress_may_follow(const struct progress *progress, const int64_t *following)
{
    for (int32_t i = 0; i < progress->partitions; i++)
        if (progress_low(progress, i) < following[i])
            return false;
    return true;
}

void progress_follow(struct progress *progress, const int64_t *following)
{
    assert(progress_may_follow(progress, following));
    progress->following = following;
}

void progress_leave(struct progress *progress)
{
    for (int32_t i = 0; i < progress->partitions; i++)
        progress->next[i] = progress_next(progress, i);
    progress->following = NULL;
}

static int compare(const struct open_delivery *open, int32_t partition, int64_t offset)
{
    if (open->partition != partition)
        return open->partition < partition ? -1 : 1;
    return (open->offset > offset) - (open->offset < offset);
}

/* The first that is not before the place. */
static size_t lower_bound(const struct progress *progress, int32_t partition, int64_t offset)
{
    size_t low = 0, high = progress->wanted_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&progress->wanted[middle], partition, offset) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct open_delivery *progress_find(const struct progress *progress, int32_t partition, int64_t offset)
{
    size_t at = lower_bound(progress, partition, offset);
    bool there = at < progress->wanted_count && compare(&progress->wanted[at], partition, offset) == 0;
    return there ? &progress->wanted[at] : NULL;
}

bool progress_want(struct progress *progress, const struct open_delivery *open)
{
    if (progress_find(progress, open->partition, open->offset) != NULL)
        return true;
    if (progress->wanted_count == progress->wanted_capacity) {
        size_t capacity = progress->wanted_capacity == 0 ? 16 : progress->wanted_capacity * 2;
        struct open_delivery *grown = realloc(progress->wanted, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        progress->wanted = grown;
        progress->wanted_capacity = capacity;
    }
    size_t at = lower_bound(progress, open->partition, open->offset);
    memmove(progress->wanted + at + 1, progress->wanted + at, (progress->wanted_count - at) * sizeof *progress->wanted);
    progress->wanted[at] = *open;
    progress->wanted_count++;
    return true;
}

void progress_found(struct progress *progress, int32_t partition, int64_t offset)
{
    size_t at = lower_bound(progress, partition, offset);

    if (at == progress->wanted_count || compare(&progress->wanted[at], partition, offset) != 0)
        return;
    progress->wanted_count--;
    memmove(progress->wanted + at, progress->wanted + at + 1, (progress->wanted_count - at) * sizeof *progress->wanted);
}

/* What operators asked for again is out of order anyway, and read apart. */
int64_t progress_low(const struct progress *progress, int32_t partition)
{
    int64_t low = progress_next(progress, partition);

    for (size_t at = lower_bound(progress, partition, 0);
         at < progress->wanted_count && progress->wanted[at].partition == partition && progress->wanted[at].offset < low; at++)
        if (!progress->wanted[at].redriven)
            return progress->wanted[at].offset;
    return low;
}

int64_t progress_read_from(const struct progress *progress, int32_t partition)
{
    size_t at = lower_bound(progress, partition, 0);

    int64_t wanted = at < progress->wanted_count && progress->wanted[at].partition == partition
                         ? progress->wanted[at].offset
                         : NOTHING_TO_READ;
    if (progress->following != NULL)
        return wanted < progress->following[partition] ? wanted : NOTHING_TO_READ;
    int64_t next = progress_next(progress, partition);
    return wanted < next ? wanted : next;
}

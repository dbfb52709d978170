/* bucket.h: how often an organisation may ask: a token bucket for each. Any thread. */
#ifndef GATEWAY_BUCKET_H
#define GATEWAY_BUCKET_H

#include "base/bytes.h"

struct buckets;

/* RATE tokens a second, at most BURST at once. COUNT_MAX organisations are remembered; when there are more, the one that has
 * been silent for longest of those nearby is forgotten, which only ever gives it more. NULL: no memory. */
struct buckets *buckets_new(int64_t rate, int64_t burst, size_t count_max);
void buckets_free(struct buckets *buckets);

/* Takes one token of WHO. If there is none, returns after how many milliseconds there will be; else 0. NOW_US is monotonic. */
int64_t buckets_take(struct buckets *buckets, const char *who, int64_t now_us);

#endif

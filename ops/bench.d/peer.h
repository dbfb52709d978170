/* peer.h: the smaller job that other stream processors can be held against: drop repeats, total and count per key.
 *
 * peer-in: key bytes, value = sequence number and amount (8 bytes each, little-endian), the rest opaque. A record whose
 * (key, sequence number) is among the last 16 kept of its key is dropped. Else value + total + count (8 bytes each)
 * goes to peer-facts and total + count to peer-receipts, under the same key. State: peer-state. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "domain/rule.h"
#include "flow/stages.h"

enum { PEER_HEAD_BYTES = 16, PEER_TAIL_BYTES = 16, PEER_KEPT = 16 };

extern const struct domain domain_peer;
/* decode, count, emit; ends with run == NULL. */
extern const struct stage peer_stages[];

#endif

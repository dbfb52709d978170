/* monitor.h: what a hub tells about itself over HTTP, on loopback unless told otherwise.
 *
 * GET /metrics  Prometheus text format 0.0.4
 * GET /livez    200 while no worker has ended by a fatal fault, else 503 with its code
 * GET /readyz   200 when everything assigned is restored and the tables are caught up, else 503
 * GET /tables   JSON: rows applied so far of each table
 * It has no authentication and tells nothing of any event: numbers, topics and codes only. */
#ifndef FLOW_MONITOR_H
#define FLOW_MONITOR_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct monitor;

/* What is watched: a hub, or a test. Called on the monitor's own thread. */
struct monitor_subject {
    bool (*is_alive)(void *self, struct fault *fault);
    bool (*is_ready)(void *self);
    uint64_t (*table_rows)(void *self, const char *table);
    void *self;
};

struct hub;
struct monitor_subject monitor_of_hub(struct hub *hub);

/* PORT 0: any free one. FATAL names the address if it cannot be had. */
enum status monitor_start(const char *address, int port, struct monitor_subject subject,
                          struct monitor **monitor, struct fault *fault) MUST_CHECK;
int monitor_port(const struct monitor *monitor);
/* Ends what it is answering. NULL is fine. Before hub_stop. */
void monitor_stop(struct monitor *monitor);

#endif

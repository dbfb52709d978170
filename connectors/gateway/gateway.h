/* gateway.h: the HTTP door of the hub: events in, receipts, feeds and questions out. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "base/clock.h"
#include "flow/settings.h"
#include "gateway/settings.h"
#include "kafka/client.h"
#include "store/settings.h"

struct gateway;

/* Listens when it returns; ready a little later, when the registry is there. What it is given must outlive it. FATAL names
 * a voucher (HUB, signature.*) or an address that cannot be had, a certificate or key that cannot be read, a database that is not there. */
enum status gateway_start(const struct gateway_settings *settings, const struct settings *hub, const struct sql_settings *sql,
                          const struct kafka_client *client, struct clock clock, struct gateway **gateway,
                          struct fault *fault) MUST_CHECK;
bool gateway_is_ready(struct gateway *gateway);
/* False once it has ended by a fatal fault, which is then in *FAULT. Any thread. */
bool gateway_is_alive(struct gateway *gateway, struct fault *fault);
int gateway_port(const struct gateway *gateway);
/* "https" or, on loopback only, "http". */
const char *gateway_scheme(const struct gateway *gateway);
/* Finishes what was accepted, refuses new requests with 503, joins all threads. NULL is fine. */
void gateway_stop(struct gateway *gateway);

#endif

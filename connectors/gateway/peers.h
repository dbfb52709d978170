/* peers.h: the connections behind the requests: how many there are, those that are too slow are cut off, and who a client
 * certificate names.
 *
 * A thread looks at the deadlines five times a second. The other calls come on HTTP threads, each about a connection of its
 * own thread. */
#ifndef GATEWAY_PEERS_H
#define GATEWAY_PEERS_H

#include "base/fault.h"

#include <microhttpd.h>

struct peers;

struct peers_settings {
    int64_t first_ms;        /* a new connection has so long for its first request */
    unsigned count_max;      /* connections that are served */
    unsigned of_address_max; /* of one address */
};

/* SETTINGS are copied. FATAL "gateway.thread", "memory.out". */
enum status peers_start(const struct peers_settings *settings, struct peers **peers, struct fault *fault) MUST_CHECK;
/* After the last connection has gone. NULL is fine. */
void peers_stop(struct peers *peers);
/* For MHD_OPTION_NOTIFY_CONNECTION, with the peers as SELF. */
void peers_connection_changed(void *self, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code);

/* Whether the connection found a seat when it came. One that did not is told so when it asks, and goes; it has a second. */
enum peer_seat { PEER_SEATED, PEER_HOUSE_FULL, PEER_ADDRESS_FULL };
enum peer_seat peer_seat(struct MHD_Connection *connection);

/* The connection is cut off in IN_MS unless this is called again before; 0: not at all. */
void peer_set_deadline(struct MHD_Connection *connection, int64_t in_ms);
/* The subject (RFC 4514) of the verified certificate of a TLS client; NULL: there is none. Lives as long as the connection. */
const char *peer_certificate_subject(struct MHD_Connection *connection);

#endif

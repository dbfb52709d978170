/* peers.h: the connections behind the requests: those that are too slow are cut off, and who a client certificate names.
 *
 * A thread looks at the deadlines five times a second. The other calls come on HTTP threads, each about a connection of its
 * own thread. */
#ifndef GATEWAY_PEERS_H
#define GATEWAY_PEERS_H

#include "base/fault.h"

#include <microhttpd.h>

struct peers;

/* A new connection has FIRST_MS for its first request. FATAL "gateway.thread", "memory.out". */
enum status peers_start(int64_t first_ms, struct peers **peers, struct fault *fault) MUST_CHECK;
/* After the last connection has gone. NULL is fine. */
void peers_stop(struct peers *peers);
/* For MHD_OPTION_NOTIFY_CONNECTION, with the peers as SELF. */
void peers_connection_changed(void *self, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code);

/* The connection is cut off in IN_MS unless this is called again before; 0: not at all. */
void peer_set_deadline(struct MHD_Connection *connection, int64_t in_ms);
/* The subject (RFC 4514) of the verified certificate of a TLS client; NULL: there is none. Lives as long as the connection. */
const char *peer_certificate_subject(struct MHD_Connection *connection);

#endif

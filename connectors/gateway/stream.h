/* stream.h: a body that comes bit by bit: Server-Sent Events, long answers. One side appends, the HTTP thread takes away; between them lies
 * a bounded buffer under a lock. */
#ifndef GATEWAY_STREAM_H
#define GATEWAY_STREAM_H

#include "base/bytes.h"

#include <sys/types.h>

struct stream;
struct request;

/* WANTED and ENDED may be NULL where nobody parks. WANTED is called on the HTTP thread when the buffer has run empty and stream_park was called: whoever follows takes the
 * request in hand again and appends. ENDED is called likewise when the client has gone meanwhile. Both own the request's
 * other reference (request_keep) from then on. NULL: no memory. */
struct stream *stream_new(struct request *request, size_t bytes_max, void (*wanted)(struct request *request),
                          void (*ended)(struct request *request));
void stream_free(struct stream *stream);

/* False: it does not fit, nothing was appended; the client is too slow for now. */
bool stream_append(struct stream *stream, struct bytes bytes);
/* Waits until BYTES fit. False: they never will, UNTIL_US (monotonic) has come, or the stream is over. */
bool stream_wait(struct stream *stream, size_t bytes, int64_t until_us);
/* True once the client has gone, or the stream was ended. */
bool stream_is_over(struct stream *stream);
/* Gives the request out of hand: WANTED tells when the buffer is empty (perhaps at once), ENDED when the client has gone. */
void stream_park(struct stream *stream);
/* No more will come; what is in the buffer is still sent. */
void stream_end(struct stream *stream);
/* The same, but the client must see that it has not got everything: the connection is cut off. */
void stream_break(struct stream *stream);

/* For listener.c: what libmicrohttpd asks for more of the body of CONTEXT, a request whose answer is a stream. */
ssize_t stream_read(void *context, uint64_t position, char *to, size_t max);

#endif

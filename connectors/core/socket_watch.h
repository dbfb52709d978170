/* socket_watch.h: which sockets libcurl waits for, and what the kernel was told of it (epoll). Between two requests a connection's
 * socket stays in the kernel's set: taking it out and putting it in again is two calls for each request. One thread. */
#ifndef CORE_SOCKET_WATCH_H
#define CORE_SOCKET_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watched;
struct socket_watch {
    int epoll; /* -1: it could not be made */
    struct watched *watched; /* by descriptor */
    size_t count;
};

void socket_watch_init(struct socket_watch *watch);
void socket_watch_done(struct socket_watch *watch);

/* DESCRIPTOR is one of those that are kept; from then on until it is closed. */
void socket_watch_opened(struct socket_watch *watch, int descriptor);
void socket_watch_closed(struct socket_watch *watch, int descriptor); /* it is about to be: the kernel forgets it */

/* EVENTS (EPOLLIN, EPOLLOUT) are waited for, 0: none. False if memory is out. */
bool socket_watch_set(struct socket_watch *watch, int descriptor, uint32_t events);
/* True if an event that came is of a kept one that nobody waits for: it is not heard of again. */
bool socket_watch_is_idle(struct socket_watch *watch, int descriptor);

#endif

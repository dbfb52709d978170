#include "core/socket_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FIRST_COUNT = 256 };

struct watched {
    uint32_t registered; /* events that the kernel waits for; 0: not in its set */
    bool wanted, kept;
};

void socket_watch_init(struct socket_watch *watch)
{
    *watch = (struct socket_watch){.epoll = epoll_create1(EPOLL_CLOEXEC)};
}

void socket_watch_done(struct socket_watch *watch)
{
    if (watch->epoll >= 0)
        (void)close(watch->epoll);
    free(watch->watched);
    *watch = (struct socket_watch){.epoll = -1};
}

/* NULL if memory is out. */
static struct watched *watched_at(struct socket_watch *watch, int descriptor)
{
    size_t at = (size_t)descriptor, count = watch->count == 0 ? FIRST_COUNT : watch->count;

    if (at < watch->count)
        return &watch->watched[at];
    while (count <= at)
        count *= 2;
    struct watched *grown = realloc(watch->watched, count * sizeof *grown);
    if (grown == NULL)
        return NULL;
    memset(grown + watch->count, 0, (count - watch->count) * sizeof *grown);
    watch->watched = grown;
    watch->count = count;
    return &grown[at];
}

void socket_watch_opened(struct socket_watch *watch, int descriptor)
{
    struct watched *watched = watched_at(watch, descriptor);

    if (watched != NULL)
        *watched = (struct watched){.kept = true};
}

void socket_watch_closed(struct socket_watch *watch, int descriptor)
{
    struct watched *watched = watched_at(watch, descriptor);

    if (watched != NULL)
        *watched = (struct watched){0};
}

static void take_out(struct socket_watch *watch, int descriptor, struct watched *watched)
{
    (void)epoll_ctl(watch->epoll, EPOLL_CTL_DEL, descriptor, NULL); /* ignoring: it may be closed already */
    watched->registered = 0;
}

/* What is not kept may have been closed and opened anew meanwhile. */
static void put_in(struct socket_watch *watch, int descriptor, struct watched *watched, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    int first = watched->registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (epoll_ctl(watch->epoll, first, descriptor, &event) != 0 && (errno == EEXIST || errno == ENOENT))
        (void)epoll_ctl(watch->epoll, first == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
    watched->registered = events;
}

bool socket_watch_set(struct socket_watch *watch, int descriptor, uint32_t events)
{
    struct watched *watched = watched_at(watch, descriptor);

    if (watched == NULL)
        return false;
    watched->wanted = events != 0;
    if (!watched->wanted && !(watched->kept && watched->registered == EPOLLIN))
        take_out(watch, descriptor, watched);
    else if (watched->wanted && !(watched->kept && watched->registered == events))
        put_in(watch, descriptor, watched, events);
    return true;
}

bool socket_watch_is_idle(struct socket_watch *watch, int descriptor)
{
    struct watched *watched = watched_at(watch, descriptor);

    if (watched == NULL || !watched->kept || watched->wanted)
        return false;
    take_out(watch, descriptor, watched);
    return true;
}

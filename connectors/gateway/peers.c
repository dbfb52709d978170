#include "gateway/peers.h"

#include "base/clock.h"
#include "base/hash.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { WATCH_MS = 200, UNSEATED_MS = 1000, BUCKETS = 1024 };

/* An address with somebody on a seat. */
struct address {
    struct address *next; /* of its bucket */
    struct in6_addr number; /* an IPv4 address as ::ffff:a.b.c.d */
    unsigned count;
};

/* One connection, as the watchman sees it. */
struct peer {
    struct peer *next, *before;
    int socket;
    enum peer_seat seat;
    struct in6_addr number;
    atomic_int_fast64_t deadline_us; /* 0: none */
    bool looked_at_certificate;
    char *subject; /* RFC 4514, of the verified client certificate; or NULL */
};

struct peers {
    struct peers_settings settings;
    pthread_mutex_t lock; /* over the list and the seats */
    struct peer *first;
    unsigned seated;
    struct address *addresses[BUCKETS];
    pthread_t watchman;
    atomic_bool stopping;
};

/* ---- seats ---- */

static struct in6_addr number_of(const struct sockaddr *address)
{
    struct in6_addr number = IN6ADDR_ANY_INIT;

    if (address != NULL && address->sa_family == AF_INET6)
        return ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (address != NULL && address->sa_family == AF_INET) {
        number.s6_addr[10] = number.s6_addr[11] = 0xFF;
        memcpy(&number.s6_addr[12], &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    }
    return number;
}

/* Where the address stands in its list, or the end of the list. */
static struct address **place_of(struct peers *peers, const struct in6_addr *number)
{
    uint64_t hash = hash_quick(bytes_from(number, sizeof *number), 0);
    struct address **at = &peers->addresses[hash % BUCKETS];

    while (*at != NULL && memcmp(&(*at)->number, number, sizeof *number) != 0)
        at = &(*at)->next;
    return at;
}

/* Locked. */
static enum peer_seat take_seat(struct peers *peers, const struct in6_addr *number)
{
    struct address **at = place_of(peers, number);

    if (peers->seated >= peers->settings.count_max)
        return PEER_HOUSE_FULL;
    if (*at != NULL && (*at)->count >= peers->settings.of_address_max)
        return PEER_ADDRESS_FULL;
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL)
            return PEER_HOUSE_FULL;
        (*at)->number = *number;
    }
    (*at)->count++;
    peers->seated++;
    return PEER_SEATED;
}

/* Locked. */
static void leave_seat(struct peers *peers, const struct peer *peer)
{
    struct address **at = place_of(peers, &peer->number);

    if (peer->seat != PEER_SEATED)
        return;
    peers->seated--;
    if (--(*at)->count > 0)
        return;
    struct address *gone = *at;
    *at = gone->next;
    free(gone);
}

/* ---- slow clients ---- */

static void set_deadline(struct peer *peer, int64_t in_ms)
{
    if (peer != NULL)
        atomic_store(&peer->deadline_us, in_ms == 0 ? 0 : clock_monotonic_us() + in_ms * 1000);
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info == NULL ? NULL : info->socket_context;
}

enum peer_seat peer_seat(struct MHD_Connection *connection)
{
    const struct peer *peer = peer_of(connection);

    return peer == NULL ? PEER_HOUSE_FULL : peer->seat;
}

void peer_set_deadline(struct MHD_Connection *connection, int64_t in_ms)
{
    set_deadline(peer_of(connection), in_ms);
}

static void add_peer(struct peers *peers, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct peer *peer = calloc(1, sizeof *peer);

    *context = peer;
    if (peer == NULL)
        return;
    peer->socket = info == NULL ? -1 : info->connect_fd;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    peer->number = number_of(info == NULL ? NULL : info->client_addr);
    (void)pthread_mutex_lock(&peers->lock);
    peer->seat = take_seat(peers, &peer->number);
    set_deadline(peer, peer->seat == PEER_SEATED ? peers->settings.first_ms : UNSEATED_MS);
    peer->next = peers->first;
    if (peer->next != NULL)
        peer->next->before = peer;
    peers->first = peer;
    (void)pthread_mutex_unlock(&peers->lock);
}

static void remove_peer(struct peers *peers, void **context)
{
    struct peer *peer = *context;

    *context = NULL;
    if (peer == NULL)
        return;
    (void)pthread_mutex_lock(&peers->lock);
    if (peer->before != NULL)
        peer->before->next = peer->next;
    else
        peers->first = peer->next;
    if (peer->next != NULL)
        peer->next->before = peer->before;
    leave_seat(peers, peer);
    (void)pthread_mutex_unlock(&peers->lock);
    gnutls_free(peer->subject);
    free(peer);
}

void peers_connection_changed(void *self, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        add_peer(self, connection, context);
    else
        remove_peer(self, context);
}

static bool is_late(struct peer *peer, int64_t now_us)
{
    int64_t deadline_us = atomic_load(&peer->deadline_us);

    return deadline_us != 0 && now_us > deadline_us && peer->socket >= 0;
}

/* The socket is only shut down: libmicrohttpd sees its end and closes it. Under the lock, so that it is still this one's. */
static void cut_off_the_slow(struct peers *peers)
{
    int64_t now_us = clock_monotonic_us();

    (void)pthread_mutex_lock(&peers->lock);
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next)
        if (is_late(peer, now_us)) {
            (void)shutdown(peer->socket, SHUT_RDWR);
            atomic_store(&peer->deadline_us, 0);
        }
    (void)pthread_mutex_unlock(&peers->lock);
}

static void *watch(void *self)
{
    struct peers *peers = self;
    const struct timespec pause = {.tv_nsec = WATCH_MS * 1000000L};

    while (!atomic_load(&peers->stopping)) {
        cut_off_the_slow(peers);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- client certificates ---- */

static char *subject_of(gnutls_session_t session)
{
    unsigned count = 0, flaws = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t name = {NULL, 0};

    if (chain == NULL || count == 0 || gnutls_certificate_verify_peers2(session, &flaws) != 0 || flaws != 0 ||
        gnutls_x509_crt_init(&certificate) != 0)
        return NULL;
    if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) != 0 ||
        gnutls_x509_crt_get_dn3(certificate, &name, 0) != 0)
        name.data = NULL;
    gnutls_x509_crt_deinit(certificate);
    return (char *)name.data;
}

const char *peer_certificate_subject(struct MHD_Connection *connection)
{
    struct peer *peer = peer_of(connection);

    if (peer == NULL)
        return NULL;
    if (!peer->looked_at_certificate) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        peer->subject = info == NULL ? NULL : subject_of(info->tls_session);
        peer->looked_at_certificate = true;
    }
    return peer->subject;
}

/* ---- start and end ---- */

enum status peers_start(const struct peers_settings *settings, struct peers **peers, struct fault *fault)
{
    struct peers *made = calloc(1, sizeof *made);

    *peers = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a listener");
    made->settings = *settings;
    (void)pthread_mutex_init(&made->lock, NULL);
    if (pthread_create(&made->watchman, NULL, watch, made) != 0) {
        (void)pthread_mutex_destroy(&made->lock);
        free(made);
        return fault_fatal(fault, "gateway.thread", "no thread to watch over slow clients");
    }
    *peers = made;
    return STATUS_OK;
}

void peers_stop(struct peers *peers)
{
    if (peers == NULL)
        return;
    atomic_store(&peers->stopping, true);
    (void)pthread_join(peers->watchman, NULL);
    (void)pthread_mutex_destroy(&peers->lock);
    free(peers);
}

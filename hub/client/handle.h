/* handle.h: what the parts of a handle share, and the rules for its one lock.
 *
 * LOCK guards the local files and all that callers read. Whoever has `working` set, one at a time, is the
 * worker: only it touches http and what is under way. The worker takes the lock for each step and never holds
 * it while it waits or while a callback of the caller runs, so that submitting never waits for the network.
 */
#ifndef CLIENT_HANDLE_H
#define CLIENT_HANDLE_H

#include "client/courier.h"
#include "client/mailbox.h"
#include "client/outbox.h"
#include "client/retry.h"
#include "client/settings.h"

#include <pthread.h>

struct sender;
struct feeds;
struct catalogue;

struct medhub {
    struct medhub_options *options; /* own the texts of settings */
    struct client_settings settings;
    struct clock clock;
    struct courier *courier;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* something was settled, received or ended */
    bool working;
    pthread_t worker; /* while working */
    pthread_t thread;
    bool thread_runs, thread_stops;

    struct database *local;
    struct outbox *outbox;
    struct sender *sender;
    struct feeds *feeds;
    struct catalogue *catalogue;
    medhub_receipt_callback *on_receipt;
    void *on_receipt_context;
    int64_t tell_again_ms; /* after a callback that did not answer OK */

    struct medhub_error problem; /* what stands in the way */
    struct medhub_error storage; /* what the local files said in a step that could not return it */
    int64_t contact_ms;
};

struct retry_plan handle_retry_plan(const struct medhub *hub);
/* The worker notes what an answer told of the gateway: a problem, or NULL that it is there. Takes the lock.
 */
void handle_contact(struct medhub *hub, const struct medhub_error *problem);
/* The worker notes a failure of the local files; medhub_work() returns it. Lock held. */
void handle_failed(struct medhub *hub, enum medhub_status status, const struct medhub_error *error);

/* Works, or waits for whoever does, until DONE says so (asked with the lock held) or TIMEOUT_MS are over
 * (AGAIN without ERROR). BUSY from a callback. */
enum medhub_status handle_until(struct medhub *hub, bool (*done)(struct medhub *hub, void *context),
                                void *context, int timeout_ms, struct medhub_error *error);

/* Tells CALLBACK of RECEIPT as an object. */
enum medhub_status receipt_tell(const struct untold_receipt *receipt, medhub_receipt_callback *callback,
                                void *context);

#endif

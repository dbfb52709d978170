/* asker.h: the threads that ask the read model: each has its own connection to the database, a request waits for the next
 * free one in a bounded queue. */
#ifndef GATEWAY_ASKER_H
#define GATEWAY_ASKER_H

#include "base/fault.h"
#include "gateway/request.h"
#include "store/read_model.h"

struct askers;

/* What a question has while it runs. */
struct asker {
    struct gateway *gateway;
    struct read_model *model;
};
/* Runs on a query thread and then owns the request: it must answer it or hand it on. */
typedef void asker_question(struct asker *asker, struct request *request);

/* FATAL: the database is not there. */
enum status askers_start(const struct sql_settings *sql, size_t threads, size_t waiting_max, struct gateway *gateway,
                         struct askers **askers, struct fault *fault) MUST_CHECK;
/* REQUEST is held. If too many wait, or after the stop, REFUSED is called in place of ASK, on this thread. Any thread. */
void askers_ask(struct askers *askers, struct request *request, asker_question *ask, void (*refused)(struct request *request));
/* Refuses what waits and joins the threads; from now on everything is refused. NULL is fine. */
void askers_finish(struct askers *askers);
void askers_free(struct askers *askers); /* finished before; NULL is fine */

#endif

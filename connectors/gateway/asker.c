#include "gateway/asker.h"

#include <pthread.h>
#include <stdlib.h>

struct waiting {
    struct request *request;
    asker_question *ask;
    void (*refused)(struct request *request);
};

struct asking {
    struct askers *askers;
    struct asker asker;
    pthread_t thread;
    bool started;
};

struct askers {
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct waiting *ring; /* of waiting_max places */
    size_t waiting_max, first, count;
    bool stopping;
    size_t thread_count;
    struct asking threads[];
};

/* False: the end. After the stop what still waits is refused. */
static bool take(struct askers *askers, struct waiting *next, bool *refuse)
{
    (void)pthread_mutex_lock(&askers->lock);
    while (askers->count == 0 && !askers->stopping)
        (void)pthread_cond_wait(&askers->news, &askers->lock);
    bool taken = askers->count > 0;
    if (taken) {
        *next = askers->ring[askers->first];
        askers->first = (askers->first + 1) % askers->waiting_max;
        askers->count--;
    }
    *refuse = askers->stopping;
    (void)pthread_mutex_unlock(&askers->lock);
    return taken;
}

static void *run(void *self)
{
    struct asking *asking = self;
    struct waiting next;
    bool refuse = false;

    while (take(asking->askers, &next, &refuse))
        if (refuse)
            next.refused(next.request);
        else
            next.ask(&asking->asker, next.request);
    return NULL;
}

enum status askers_start(const struct sql_settings *sql, size_t threads, size_t waiting_max, struct gateway *gateway,
                         struct askers **askers, struct fault *fault)
{
    struct askers *made = calloc(1, sizeof *made + threads * sizeof(struct asking));

    *askers = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for query threads");
    (void)pthread_mutex_init(&made->lock, NULL);
    (void)pthread_cond_init(&made->news, NULL);
    made->waiting_max = waiting_max;
    made->ring = calloc(waiting_max, sizeof *made->ring);
    made->thread_count = threads;
    enum status status =
        made->ring == NULL ? fault_fatal(fault, "memory.out", "no memory for query threads") : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < threads; i++) {
        struct asking *asking = &made->threads[i];
        asking->askers = made;
        asking->asker.gateway = gateway;
        status = read_model_open(sql, &asking->asker.model, fault);
        if (status == STATUS_OK && pthread_create(&asking->thread, NULL, run, asking) != 0)
            status = fault_fatal(fault, "gateway.thread", "no thread for queries");
        asking->started = status == STATUS_OK;
    }
    if (status != STATUS_OK) {
        askers_finish(made);
        askers_free(made);
        return status;
    }
    *askers = made;
    return STATUS_OK;
}

void askers_ask(struct askers *askers, struct request *request, asker_question *ask, void (*refused)(struct request *request))
{
    (void)pthread_mutex_lock(&askers->lock);
    bool taken = !askers->stopping && askers->count < askers->waiting_max;
    if (taken) {
        askers->ring[(askers->first + askers->count) % askers->waiting_max] = (struct waiting){request, ask, refused};
        askers->count++;
        (void)pthread_cond_signal(&askers->news);
    }
    (void)pthread_mutex_unlock(&askers->lock);
    if (!taken)
        refused(request);
}

void askers_finish(struct askers *askers)
{
    if (askers == NULL)
        return;
    (void)pthread_mutex_lock(&askers->lock);
    askers->stopping = true;
    (void)pthread_cond_broadcast(&askers->news);
    (void)pthread_mutex_unlock(&askers->lock);
    for (size_t i = 0; i < askers->thread_count; i++) {
        if (askers->threads[i].started)
            (void)pthread_join(askers->threads[i].thread, NULL);
        askers->threads[i].started = false;
    }
}

void askers_free(struct askers *askers)
{
    if (askers == NULL)
        return;
    for (size_t i = 0; i < askers->thread_count; i++)
        read_model_close(askers->threads[i].asker.model);
    free(askers->ring);
    (void)pthread_mutex_destroy(&askers->lock);
    (void)pthread_cond_destroy(&askers->news);
    free(askers);
}

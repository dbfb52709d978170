#include "gateway/readers.h"

#include <pthread.h>
#include <stdlib.h>

enum { IDLE_MAX = 512 }; /* more than there are threads */

struct readers {
    struct tables *tables;
    pthread_mutex_t lock;
    struct tables_reader *idle[IDLE_MAX];
    size_t count;
};

struct readers *readers_new(struct tables *tables)
{
    struct readers *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    made->tables = tables;
    (void)pthread_mutex_init(&made->lock, NULL);
    return made;
}

void readers_free(struct readers *readers)
{
    if (readers == NULL)
        return;
    while (readers->count > 0)
        tables_reader_close(readers->idle[--readers->count]);
    (void)pthread_mutex_destroy(&readers->lock);
    free(readers);
}

enum status readers_borrow(struct readers *readers, struct tables_reader **reader, struct fault *fault)
{
    struct fault cause = {0};
    enum status status = STATUS_OK;

    (void)pthread_mutex_lock(&readers->lock);
    *reader = readers->count == 0 ? NULL : readers->idle[--readers->count];
    (void)pthread_mutex_unlock(&readers->lock);
    if (*reader == NULL)
        status = tables_reader_open(readers->tables, reader, &cause);
    if (status == STATUS_OK)
        status = tables_reader_renew(*reader, &cause);
    if (status == STATUS_OK)
        return STATUS_OK;
    readers_give_back(readers, *reader);
    *reader = NULL;
    return fault_retry(fault, "gateway.tables", "%s", cause.text);
}

void readers_give_back(struct readers *readers, struct tables_reader *reader)
{
    if (reader == NULL)
        return;
    tables_reader_release(reader);
    (void)pthread_mutex_lock(&readers->lock);
    bool kept = readers->count < IDLE_MAX;
    if (kept)
        readers->idle[readers->count++] = reader;
    (void)pthread_mutex_unlock(&readers->lock);
    if (!kept)
        tables_reader_close(reader);
}

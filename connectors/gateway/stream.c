#include "gateway/stream.h"

#include "gateway/listener.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

struct stream {
    pthread_mutex_t lock;
    pthread_cond_t taken; /* the buffer has run empty, or it is over */
    struct request *request;
    struct buffer pending;
    size_t sent; /* of pending */
    bool suspended, parked, over, broken;
    void (*wanted)(struct request *request);
    void (*ended)(struct request *request);
};

struct stream *stream_new(struct request *request, size_t bytes_max, void (*wanted)(struct request *request),
                          void (*ended)(struct request *request))
{
    struct stream *made = calloc(1, sizeof *made);
    pthread_condattr_t monotonic;

    if (made == NULL)
        return NULL;
    (void)pthread_mutex_init(&made->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&made->taken, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    buffer_init(&made->pending, bytes_max);
    made->request = request;
    made->wanted = wanted;
    made->ended = ended;
    return made;
}

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    buffer_done(&stream->pending);
    (void)pthread_cond_destroy(&stream->taken);
    (void)pthread_mutex_destroy(&stream->lock);
    free(stream);
}

/* Under the lock. */
static void wake(struct stream *stream)
{
    if (stream->suspended) /* so the connection is there: only one that runs can end */
        MHD_resume_connection(listener_connection(stream->request));
    stream->suspended = false;
}

/* Under the lock. */
static bool fits(const struct stream *stream, size_t bytes)
{
    return stream->pending.length + bytes <= stream->pending.limit;
}

bool stream_append(struct stream *stream, struct bytes bytes)
{
    (void)pthread_mutex_lock(&stream->lock);
    bool appended = !stream->over && fits(stream, bytes.length);
    if (appended)
        buffer_append_bytes(&stream->pending, bytes);
    appended = appended && buffer_ok(&stream->pending);
    wake(stream);
    (void)pthread_mutex_unlock(&stream->lock);
    return appended;
}

bool stream_wait(struct stream *stream, size_t bytes, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    int waited = 0;

    (void)pthread_mutex_lock(&stream->lock);
    while (!stream->over && !fits(stream, bytes) && bytes <= stream->pending.limit && waited == 0)
        waited = pthread_cond_timedwait(&stream->taken, &stream->lock, &until);
    bool has_room = !stream->over && fits(stream, bytes);
    (void)pthread_mutex_unlock(&stream->lock);
    return has_room;
}

bool stream_is_over(struct stream *stream)
{
    (void)pthread_mutex_lock(&stream->lock);
    bool over = stream->over;
    (void)pthread_mutex_unlock(&stream->lock);
    return over;
}

/* Who parked a stream that then ends or runs empty hears of it, once. */
static void take_out_of_park(struct stream *stream, void (**call)(struct request *request))
{
    *call = NULL;
    if (stream->parked && stream->over)
        *call = stream->ended;
    else if (stream->parked && stream->sent == stream->pending.length)
        *call = stream->wanted;
    if (*call != NULL)
        stream->parked = false;
}

void stream_park(struct stream *stream)
{
    void (*call)(struct request *request);
    struct request *request = stream->request;

    (void)pthread_mutex_lock(&stream->lock);
    stream->parked = true;
    take_out_of_park(stream, &call);
    (void)pthread_mutex_unlock(&stream->lock);
    if (call != NULL)
        call(request);
}

static void end(struct stream *stream, bool broken)
{
    void (*call)(struct request *request);
    struct request *request = stream->request;

    (void)pthread_mutex_lock(&stream->lock);
    stream->broken = stream->broken || broken;
    stream->over = true;
    (void)pthread_cond_signal(&stream->taken);
    take_out_of_park(stream, &call);
    wake(stream);
    (void)pthread_mutex_unlock(&stream->lock);
    if (call != NULL)
        call(request);
}

void stream_end(struct stream *stream)
{
    end(stream, false);
}

void stream_break(struct stream *stream)
{
    end(stream, true);
}

static size_t take_pending(struct stream *stream, char *to, size_t max)
{
    size_t left = stream->pending.length - stream->sent, count = left < max ? left : max;

    if (count > 0)
        memcpy(to, stream->pending.data + stream->sent, count);
    stream->sent += count;
    if (stream->sent == stream->pending.length) {
        buffer_clear(&stream->pending);
        stream->sent = 0;
        (void)pthread_cond_signal(&stream->taken);
    }
    return count;
}

ssize_t stream_read(void *context, uint64_t position, char *to, size_t max)
{
    struct request *request = context;
    struct stream *stream = request->answer.stream;
    void (*call)(struct request *request) = NULL;
    (void)position;

    (void)pthread_mutex_lock(&stream->lock);
    ssize_t count = (ssize_t)take_pending(stream, to, max);
    if (count == 0 && stream->over)
        count = stream->broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    if (count == 0) {
        stream->suspended = true;
        MHD_suspend_connection(listener_connection(request));
        take_out_of_park(stream, &call);
    }
    (void)pthread_mutex_unlock(&stream->lock);
    if (call != NULL)
        call(request);
    return count;
}

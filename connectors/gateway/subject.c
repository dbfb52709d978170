#include "gateway/subject.h"

#include "base/clock.h"
#include "domain/messages.h"
#include "domain/span.h"
#include "domain/view.h"
#include "event/unpack.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- one form for each name ---- */

struct name_reader {
    const char *at;
    struct buffer *out;
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void skip_blanks(struct name_reader *reader)
{
    while (*reader->at == ' ')
        reader->at++;
}

/* "CN=", in upper case. */
static bool read_attribute(struct name_reader *reader)
{
    size_t length = 0;

    skip_blanks(reader);
    for (; isalnum((unsigned char)*reader->at) || *reader->at == '.' || *reader->at == '-'; reader->at++, length++)
        buffer_append_byte(reader->out, (uint8_t)toupper((unsigned char)*reader->at));
    skip_blanks(reader);
    buffer_append_byte(reader->out, '=');
    return length > 0 && *reader->at++ == '=';
}

/* One character behind a backslash: two hexadecimal digits are a byte, anything else stands for itself. A control character
 * cannot be told from the marks that part the canonical form, so it is refused. */
static bool read_escape(struct name_reader *reader, uint8_t *byte)
{
    const char *at = reader->at;
    int high = hex_value(at[0]), low = at[0] == '\0' ? -1 : hex_value(at[1]);

    if (at[0] == '\0')
        return false;
    *byte = high >= 0 && low >= 0 ? (uint8_t)(high * 16 + low) : (uint8_t)at[0];
    reader->at += high >= 0 && low >= 0 ? 2 : 1;
    return *byte >= ' ';
}

/* Up to the next comma or plus that is not escaped; blanks that are not escaped are not part of either end. */
static bool read_value(struct name_reader *reader)
{
    size_t end = 0;

    skip_blanks(reader);
    for (end = reader->out->length; *reader->at != '\0' && strchr(",+;", *reader->at) == NULL;) {
        uint8_t byte = (uint8_t)*reader->at++;
        bool is_escaped = byte == '\\';
        if ((is_escaped && !read_escape(reader, &byte)) || byte < ' ')
            return false;
        buffer_append_byte(reader->out, byte);
        if (byte != ' ' || is_escaped)
            end = reader->out->length;
    }
    if (buffer_ok(reader->out))
        reader->out->length = end;
    return true;
}

static bool read_name(struct name_reader *reader)
{
    for (;;) {
        if (!read_attribute(reader) || !read_value(reader))
            return false;
        if (*reader->at == '\0')
            return true;
        buffer_append_byte(reader->out, *reader->at++ == '+' ? '\x02' : '\x01'); /* no value holds these */
    }
}

const char *subject_canonical(const char *subject, struct arena *arena)
{
    enum { SUBJECT_BYTES_MAX = 4096 };
    struct buffer text;
    struct name_reader reader = {subject, &text};

    buffer_init(&text, SUBJECT_BYTES_MAX);
    const char *canonical = read_name(&reader) && buffer_ok(&text) ? arena_text(arena, buffer_bytes(&text)) : NULL;
    buffer_done(&text);
    return canonical;
}

/* ---- the index ---- */

struct entry {
    const char *subject, *organisation;
};

struct snapshot { /* constant once it is in place */
    struct arena *arena; /* of the entries' texts */
    struct entry *entries;
    size_t count, capacity;
    uint64_t rows; /* of the registry when it was made */
    date_t day;
};

struct subject_index {
    pthread_rwlock_t lock; /* of the snapshot's place: never held for longer than a search */
    struct snapshot *snapshot;
    pthread_mutex_t making;
    int64_t may_be_made_us; /* not before: making takes at most a tenth of the time, however often the registry changes */
};

enum { INDEX_BYTES_MAX = 256 * 1024 * 1024, ROW_BYTES_MAX = 8 * 1024 * 1024 };

static void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    arena_free(snapshot->arena);
    free(snapshot->entries);
    free(snapshot);
}

static struct snapshot *snapshot_new(uint64_t rows, date_t day)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);

    if (snapshot == NULL)
        return NULL;
    snapshot->rows = rows;
    snapshot->day = day;
    snapshot->arena = arena_new(4096, INDEX_BYTES_MAX);
    if (snapshot->arena == NULL) {
        free(snapshot);
        return NULL;
    }
    return snapshot;
}

struct subject_index *subject_index_new(void)
{
    struct subject_index *index = calloc(1, sizeof *index);

    if (index == NULL)
        return NULL;
    index->snapshot = snapshot_new(0, DATE_NONE);
    if (index->snapshot == NULL) {
        free(index);
        return NULL;
    }
    (void)pthread_rwlock_init(&index->lock, NULL);
    (void)pthread_mutex_init(&index->making, NULL);
    return index;
}

void subject_index_free(struct subject_index *index)
{
    if (index == NULL)
        return;
    (void)pthread_rwlock_destroy(&index->lock);
    (void)pthread_mutex_destroy(&index->making);
    snapshot_free(index->snapshot);
    free(index);
}

struct making {
    struct snapshot *snapshot;
    struct arena *scratch; /* one row at a time */
    bool failed;           /* no memory for all */
};

static bool add(struct snapshot *snapshot, const char *subject, const char *organisation)
{
    if (snapshot->count == snapshot->capacity) {
        size_t capacity = snapshot->capacity == 0 ? 64 : 2 * snapshot->capacity;
        struct entry *larger = realloc(snapshot->entries, capacity * sizeof *larger);
        if (larger == NULL)
            return false;
        snapshot->entries = larger;
        snapshot->capacity = capacity;
    }
    struct entry entry = {arena_text(snapshot->arena, bytes_of(subject)),
                          arena_text(snapshot->arena, bytes_of(organisation))};
    if (entry.subject == NULL || entry.organisation == NULL)
        return false;
    snapshot->entries[snapshot->count++] = entry;
    return true;
}

static bool add_keys(struct making *making, const Organisation *organisation)
{
    for (size_t i = 0; i < organisation->n_keys; i++) {
        const Medhub__Registry__V1__Key *key = organisation->keys[i];
        if (key->algorithm != MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_X509_SUBJECT)
            continue;
        const char *said = arena_text(making->scratch, bytes_from(key->public_key.data, key->public_key.len));
        const char *subject = said == NULL ? NULL : subject_canonical(said, making->scratch);
        if (subject != NULL && !add(making->snapshot, subject, organisation->id))
            return false;
    }
    return true;
}

static bool add_row(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct making *making = context;
    ProtobufCMessage *message = NULL;
    struct fault ignored; /* a row that cannot be read has no keys */

    (void)key, (void)region;
    if (!span_covers((struct span){row->valid_from, row->valid_until}, making->snapshot->day))
        return true;
    arena_reset(making->scratch);
    if (unpack_message(schema_of(ORGANISATION), row->value, making->scratch, &message, &ignored) == STATUS_OK)
        making->failed = !add_keys(making, (const Organisation *)message);
    return !making->failed;
}

static int by_subject(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = strcmp(a->subject, b->subject);
    return order != 0 ? order : strcmp(a->organisation, b->organisation);
}

/* NULL: no memory. */
static struct snapshot *make(struct tables_reader *registry, date_t today)
{
    struct snapshot *snapshot = snapshot_new(tables_reader_rows(registry, TABLE_REGISTRY), today);
    struct making making = {snapshot, arena_new(4096, ROW_BYTES_MAX), false};

    if (snapshot != NULL && making.scratch != NULL)
        tables_each(registry, TABLE_REGISTRY, add_row, &making);
    if (snapshot != NULL && snapshot->count > 0)
        qsort(snapshot->entries, snapshot->count, sizeof *snapshot->entries, by_subject);
    bool is_whole = making.scratch != NULL && !making.failed;
    arena_free(making.scratch);
    if (is_whole)
        return snapshot;
    snapshot_free(snapshot);
    return NULL;
}

/* ---- searching ---- */

static size_t first_of(const struct snapshot *snapshot, const char *subject)
{
    size_t low = 0, high = snapshot->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(snapshot->entries[middle].subject, subject) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const char *look(const struct snapshot *snapshot, const char *subject)
{
    const char *found = NULL;

    for (size_t i = first_of(snapshot, subject); i < snapshot->count; i++) {
        if (strcmp(snapshot->entries[i].subject, subject) != 0)
            break;
        if (found != NULL && strcmp(found, snapshot->entries[i].organisation) != 0)
            return NULL; /* two organisations claim it: nobody is believed */
        found = snapshot->entries[i].organisation;
    }
    return found;
}

/* A reader whose snapshot of the registry is older than the index has nothing to add to it. */
static bool is_stale(const struct snapshot *snapshot, uint64_t rows, date_t today)
{
    return snapshot->rows < rows || snapshot->day != today;
}

static const char *search(struct subject_index *index, const char *subject, uint64_t rows, date_t today,
                          struct arena *arena, bool *stale)
{
    (void)pthread_rwlock_rdlock(&index->lock);
    const char *found = look(index->snapshot, subject);
    const char *kept = found == NULL ? NULL : arena_text(arena, bytes_of(found));
    *stale = is_stale(index->snapshot, rows, today);
    (void)pthread_rwlock_unlock(&index->lock);
    return kept;
}

/* Holds `making`. */
static void renew(struct subject_index *index, struct tables_reader *registry, date_t today)
{
    int64_t begun_us = clock_monotonic_us();

    if (!is_stale(index->snapshot, tables_reader_rows(registry, TABLE_REGISTRY), today) ||
        begun_us < index->may_be_made_us)
        return;
    struct snapshot *fresh = make(registry, today), *old = fresh;
    (void)pthread_rwlock_wrlock(&index->lock);
    if (fresh != NULL) {
        old = index->snapshot;
        index->snapshot = fresh;
    }
    (void)pthread_rwlock_unlock(&index->lock);
    snapshot_free(old);
    index->may_be_made_us = clock_monotonic_us() + 9 * (clock_monotonic_us() - begun_us);
}

const char *subject_index_find(struct subject_index *index, const char *canonical, struct tables_reader *registry,
                               date_t today, struct arena *arena)
{
    uint64_t rows = tables_reader_rows(registry, TABLE_REGISTRY);
    bool stale = false;
    const char *found = search(index, canonical, rows, today, arena, &stale);

    if (!stale)
        return found;
    /* Whoever has a hint does not wait for another thread that makes the index. */
    if (found == NULL)
        (void)pthread_mutex_lock(&index->making);
    else if (pthread_mutex_trylock(&index->making) != 0)
        return found;
    renew(index, registry, today);
    (void)pthread_mutex_unlock(&index->making);
    return search(index, canonical, rows, today, arena, &stale);
}

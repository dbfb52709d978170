#include "state/timers.h"

#include "state/numbers.h"

enum { DUE_BYTES = 8 };

struct timer_key {
    uint8_t data[STORE_KEY_BYTES_MAX];
    size_t length;
};

/* Order of keys is order of due time. Most are due at the end of some day: the name stands before the entity because numbers of
 * one issuer follow each other, so that those set together stand on one page; entities would scatter them. Moments before 1970
 * do not occur (they would sort last), nor NULs in names: users hold them as C strings, so such a timer could be set but not
 * cancelled. */
static bool timer_key_make(struct timer_key *key, int64_t due_ms, struct bytes entity, struct bytes name)
{
    if (due_ms < 0 || DUE_BYTES + entity.length + 1 + name.length > sizeof key->data ||
        (name.length > 0 && memchr(name.data, '\0', name.length) != NULL))
        return false;
    put_be64(key->data, (uint64_t)due_ms);
    if (name.length > 0)
        memcpy(key->data + DUE_BYTES, name.data, name.length);
    key->data[DUE_BYTES + name.length] = '\0';
    if (entity.length > 0)
        memcpy(key->data + DUE_BYTES + name.length + 1, entity.data, entity.length);
    key->length = DUE_BYTES + entity.length + 1 + name.length;
    return true;
}

enum status timer_cancel(struct store *store, struct bytes entity, struct bytes name, struct fault *fault)
{
    struct row_key row;
    struct timer_key key;

    if (!row_key_make(&row, entity, ROW_TIMER, name))
        return fault_reject(fault, "timer.name", "the name of a timer is too long");
    struct bytes due = store_get(store, STORE_ROWS, row_key_bytes(&row));
    if (due.length != DUE_BYTES)
        return STATUS_OK;
    if (!timer_key_make(&key, (int64_t)get_be64(due.data), entity, name))
        return fault_reject(fault, "timer.name", "the name of a timer is too long");

    enum status status = store_delete(store, STORE_TIMERS, bytes_from(key.data, key.length), fault);
    if (status == STATUS_OK)
        status = store_delete(store, STORE_ROWS, row_key_bytes(&row), fault);
    return status;
}

enum status timer_set(struct store *store, struct bytes entity, struct bytes name, struct bytes type, int64_t due_ms,
                      struct fault *fault)
{
    struct row_key row;
    struct timer_key key;
    uint8_t due[DUE_BYTES];

    if (!row_key_make(&row, entity, ROW_TIMER, name) || !timer_key_make(&key, due_ms, entity, name))
        return fault_reject(fault, "timer.name", "the name of a timer is too long or holds a NUL, or it is due before 1970");

    enum status status = timer_cancel(store, entity, name, fault);
    put_be64(due, (uint64_t)due_ms);
    if (status == STATUS_OK)
        status = store_put(store, STORE_ROWS, row_key_bytes(&row), bytes_from(due, sizeof due), fault);
    if (status == STATUS_OK)
        status = store_put(store, STORE_TIMERS, bytes_from(key.data, key.length), type, fault);
    return status;
}

bool timer_first(struct store *store, struct timer *timer)
{
    struct bytes key, type;

    if (!store_seek(store, STORE_TIMERS, BYTES_NONE, &key, &type) || key.length < DUE_BYTES + 1)
        return false;
    const uint8_t *text = key.data + DUE_BYTES;
    size_t length = key.length - DUE_BYTES;
    const uint8_t *end = memchr(text, '\0', length);
    if (end == NULL)
        return false;

    timer->due_ms = (int64_t)get_be64(key.data);
    timer->name = bytes_from(text, (size_t)(end - text));
    timer->entity = bytes_from(end + 1, length - timer->name.length - 1);
    timer->type = type;
    return true;
}

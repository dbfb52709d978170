#include "domain/decision.h"

#include "domain/format.h"

void decision_init(struct decision *decision, struct arena *arena, struct event *event)
{
    *decision = (struct decision){.arena = arena, .event = event};
}

/* Room for one more in a list of COUNT items of SIZE bytes. Lists grow when the count is 0, 4, 8, 16 ..., so
 * they need no capacity field. NULL when the arena is full: the decision has then failed. */
static void *make_room(struct decision *decision, void *items, size_t count, size_t size)
{
    bool is_full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    if (!is_full)
        return items;
    void *larger = arena_take(decision->arena, (count == 0 ? 4 : 2 * count) * size);
    if (larger == NULL)
        decision->failed = true;
    else if (count > 0)
        memcpy(larger, items, count * size);
    return larger;
}

/* Adds ROW to a list, or marks the decision failed. */
#define APPEND(decision, items, count, ...)                                                                  \
    do {                                                                                                     \
        void *room_ =                                                                                        \
            make_room((decision), (decision)->items, (decision)->count, sizeof *(decision)->items);          \
        if (room_ == NULL)                                                                                   \
            break;                                                                                           \
        (decision)->items = room_;                                                                           \
        (decision)->items[(decision)->count++] = __VA_ARGS__;                                                \
    } while (0)

static const char *keep(struct decision *decision, const char *text)
{
    const char *kept = arena_text(decision->arena, bytes_of(text));
    if (kept == NULL)
        decision->failed = true;
    return kept;
}

static const char *keep_formatted(struct decision *decision, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static const char *keep_formatted(struct decision *decision, const char *format, va_list arguments)
{
    const char *kept = format_text(decision->arena, format, arguments);
    if (kept == NULL)
        decision->failed = true;
    return kept;
}

void *decision_message(struct decision *decision, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_take(decision->arena, descriptor->sizeof_message);
    if (message == NULL)
        decision->failed = true;
    else
        descriptor->message_init(message);
    return message;
}

void *decision_list(struct decision *decision, size_t count)
{
    void *list = arena_take_zeroed(decision->arena, (count == 0 ? 1 : count) * sizeof(void *));
    if (list == NULL)
        decision->failed = true;
    return list;
}

Google__Protobuf__Timestamp *decision_moment(struct decision *decision, int64_t unix_ms)
{
    Google__Protobuf__Timestamp *timestamp =
        decision_message(decision, &google__protobuf__timestamp__descriptor);
    if (timestamp == NULL)
        return NULL;
    timestamp->seconds = (unix_ms - (unix_ms < 0 ? 999 : 0)) / 1000; /* down, also before 1970 */
    timestamp->nanos = (int32_t)(unix_ms - timestamp->seconds * 1000) * 1000000;
    return timestamp;
}

size_t decision_fact_of_event(struct decision *decision)
{
    const struct event_attributes *attributes = &decision->event->attributes;
    APPEND(decision, facts, fact_count,
           (struct decided_fact){
               .type = attributes->type,
               .subject = attributes->subject == NULL ? "" : attributes->subject,
               .original = decision->event->value,
           });
    return decision->fact_count - 1;
}

size_t decision_fact(struct decision *decision, const char *type, const char *subject,
                     const ProtobufCMessage *message)
{
    const char *kept = keep(decision, subject);
    APPEND(decision, facts, fact_count,
           (struct decided_fact){.type = type, .subject = kept, .message = message});
    return decision->fact_count - 1;
}

void decision_write(struct decision *decision, const ProtobufCMessage *message, const char *name_format, ...)
{
    va_list arguments;
    va_start(arguments, name_format);
    const char *name = keep_formatted(decision, name_format, arguments);
    va_end(arguments);
    APPEND(decision, writes, write_count, (struct decided_write){name, message});
}

void decision_deliver(struct decision *decision, size_t fact, unsigned visibility,
                      const char *recipient_format, ...)
{
    va_list arguments;
    va_start(arguments, recipient_format);
    const char *recipient = keep_formatted(decision, recipient_format, arguments);
    va_end(arguments);
    APPEND(decision, deliveries, delivery_count, (struct decided_delivery){fact, recipient, visibility});
}

void decision_table_row(struct decision *decision, const char *table, const char *key, const char *region,
                        date_t valid_from, date_t valid_until, const ProtobufCMessage *message)
{
    const char *kept_key = keep(decision, key);
    const char *kept_region = keep(decision, region);
    APPEND(decision, table_rows, table_row_count,
           (struct decided_table_row){table, kept_key, kept_region, valid_from, valid_until, message});
}

void decision_timer(struct decision *decision, const char *name, const char *type, int64_t due_ms)
{
    const char *kept = keep(decision, name);
    APPEND(decision, timers, timer_count,
           (struct decided_timer){.due_ms = due_ms, .name = kept, .type = type});
}

void decision_cancel_timer(struct decision *decision, const char *name)
{
    const char *kept = keep(decision, name);
    APPEND(decision, timers, timer_count, (struct decided_timer){.name = kept, .cancel = true});
}

void decision_submit(struct decision *decision, const char *type, const char *key, const char *suffix,
                     const ProtobufCMessage *message)
{
    const char *kept_key = keep(decision, key);
    const char *kept_suffix = keep(decision, suffix);
    APPEND(decision, submissions, submission_count,
           (struct decided_submission){type, kept_key, kept_suffix, message});
}

void decision_duplicate_of(struct decision *decision, const char *event_id)
{
    decision->outcome = OUTCOME_DUPLICATE;
    decision->duplicate_of = keep(decision, event_id);
}

void decision_apply_nothing(struct decision *decision)
{
    decision->fact_count = 0;
    decision->write_count = 0;
    decision->delivery_count = 0;
    decision->table_row_count = 0;
    decision->timer_count = 0;
    decision->submission_count = 0;
}

#include "ops/gen/gen.h"

#include "event/cloudevent.h"
#include "event/pack.h"
#include "event/schema.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 4 * 1024 * 1024 };

static void *must(void *memory)
{
    if (memory == NULL) {
        (void)fputs("medhub gen: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *gen_new(struct gen *gen, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = must(arena_take_zeroed(gen->arena, descriptor->sizeof_message));

    protobuf_c_message_init(descriptor, message);
    return message;
}

void *gen_list(struct gen *gen, size_t count)
{
    return must(arena_take_zeroed(gen->arena, (count + 1) * sizeof(void *)));
}

char *gen_text(struct gen *gen, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return must(arena_text(gen->arena, bytes_of(text)));
}

Timestamp *gen_moment(struct gen *gen, int64_t unix_ms)
{
    Timestamp *moment = gen_new(gen, &google__protobuf__timestamp__descriptor);

    moment->seconds = unix_ms / 1000;
    moment->nanos = (int32_t)(unix_ms % 1000) * 1000000;
    return moment;
}

Money *gen_money(struct gen *gen, int64_t fen)
{
    Money *money = gen_new(gen, &medhub__common__v1__money__descriptor);
    money->fen = fen;
    return money;
}

Quantity *gen_quantity(struct gen *gen, int64_t e4)
{
    Quantity *quantity = gen_new(gen, &medhub__common__v1__quantity__descriptor);
    quantity->e4 = e4;
    return quantity;
}

date_t gen_last_whole_day(int64_t now_ms)
{
    return date_in_china(now_ms) - 1;
}

int64_t gen_moment_of(const struct gen *gen, int64_t number)
{
    const int64_t begin_ms = 8 * 3600 * 1000, span_ms = 10 * 3600 * 1000;
    return date_begin_in_china_ms(gen->day) + begin_ms + (gen->count > 0 ? number * span_ms / gen->count : 0);
}

const char *gen_person(const struct gen *gen, uint64_t number, char text[PERSON_BYTES])
{
    struct dice dice = dice_of(gen->seed, "person", number);
    (void)snprintf(text, PERSON_BYTES, "p-%016" PRIx64, dice_next(&dice));
    return text;
}

void gen_begin(struct gen *gen)
{
    arena_reset(gen->arena);
}

/* ---- lines ---- */

static void remember(struct gen *gen, struct bytes line)
{
    size_t place = gen->remembered_count++ % REMEMBERED_MAX;

    free(gen->remembered[place]);
    gen->remembered[place] = must(strndup((const char *)line.data, line.length));
}

static void append_expectation(struct buffer *line, struct expected expected)
{
    static const char *const outcomes[] = {"accepted", "refused", "duplicate"};

    line->length--; /* the closing brace */
    buffer_append_format(line, ",\"expect\":\"%s\"", outcomes[expected.outcome]);
    if (expected.outcome == EXPECT_REFUSED)
        buffer_append_format(line, ",\"expectcode\":\"%s\"", expected.code);
    buffer_append_text(line, "}");
}

static const char *subject_of(const struct message_facts *facts, const ProtobufCMessage *message)
{
    if (facts->subject_field < 0)
        return "";
    const ProtobufCFieldDescriptor *field = &facts->descriptor->fields[facts->subject_field];
    return *(char *const *)(const void *)((const char *)message + field->offset);
}

void gen_event(struct gen *gen, const char *source, const char *id, int64_t time_ms,
               const ProtobufCMessage *message, struct expected expected)
{
    const struct message_facts *facts = schema_of(message->descriptor);
    char time[MOMENT_TEXT_BYTES];
    struct fault fault = {0};
    struct buffer line;

    const struct event_attributes attributes = {
        .id = id,
        .source = source,
        .type = facts->type,
        .subject = subject_of(facts, message),
        .time = moment_format_ms(time_ms, time),
        .traceparent = "",
    };
    if (gen->take != NULL) {
        gen->take(gen->self, source, id, time_ms, message);
        gen->lines++;
        return;
    }
    struct bytes data = pack_message(message, gen->arena);
    buffer_init(&line, LINE_BYTES_MAX);
    if (data.data == NULL ||
        cloudevent_print(&attributes, data, NULL, gen->arena, &line, &fault) != STATUS_OK) {
        gen->failed = true;
    } else {
        append_expectation(&line, expected);
        gen->write(gen->self, buffer_bytes(&line));
        gen->lines++;
        if (gen->repeat_percent > 0 && !expected.forgotten)
            remember(gen, buffer_bytes(&line));
    }
    buffer_done(&line);
}

void gen_barrier(struct gen *gen)
{
    gen->write(gen->self, bytes_of(""));
}

void gen_maybe_repeat(struct gen *gen, struct dice *dice)
{
    size_t count = gen->remembered_count < REMEMBERED_MAX ? gen->remembered_count : REMEMBERED_MAX;
    struct buffer line;

    if (count == 0 || !dice_percent(dice, gen->repeat_percent))
        return;
    const char *text = gen->remembered[dice_roll(dice, count)];
    const char *expectation = strstr(text, ",\"expect\":");
    buffer_init(&line, LINE_BYTES_MAX);
    buffer_append(&line, text, (size_t)(expectation - text));
    buffer_append_text(&line, "}");
    append_expectation(&line, (struct expected){.outcome = EXPECT_DUPLICATE});
    gen->write(gen->self, buffer_bytes(&line));
    gen->lines++;
    buffer_done(&line);
}

// links: medhub_event
/* What may and may not come in as bytes, and what each recipient sees of it. */
#include "event/unpack.h"
#include "event/wire.h"
#include "event/wire_read.h"

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/prescription/v1/prescription.pb-c.h"
#include "medhub/selftest/v1/kinds.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/samples.h"

#define B(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

static const struct message_facts *kinds(void)
{
    return schema_of(&medhub__selftest__v1__kinds__descriptor);
}

static const struct message_facts *uploaded_facts(void)
{
    return schema_find_event("medhub.prescription.uploaded.v1");
}

static int setup(void **state)
{
    *state = arena_new(64 * 1024, 4 * 1024 * 1024);
    return *state == NULL;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static void assert_refused(struct bytes value, const char *code)
{
    struct fault fault = {0};
    assert_int_equal(wire_check(kinds(), value, WIRE_SUBMITTED, NULL, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, code);

    /* Unpacking refuses the same for the same reason. */
    struct fault again = {0};
    ProtobufCMessage *message = NULL;
    struct arena *arena = arena_new(64 * 1024, 4 * 1024 * 1024);
    assert_int_equal(unpack_submitted(kinds(), value, WIRE_SUBMITTED, arena, &message, NULL, &again), STATUS_REJECT);
    assert_string_equal(again.code, fault.code);
    assert_string_equal(again.text, fault.text);
    arena_free(arena);
}

static void assert_accepted(struct bytes value)
{
    struct fault fault = {0};
    assert_int_equal(wire_check(kinds(), value, WIRE_SUBMITTED, NULL, &fault), STATUS_OK);
}

static void a_typical_event_passes_and_tells_its_key(void **state)
{
    struct bytes value = sample_bytes(*state);
    struct wire_summary summary;
    assert_int_equal(wire_check(uploaded_facts(), value, WIRE_SUBMITTED, &summary, NULL), STATUS_OK);
    assert_true(bytes_equal_text(summary.key, "p:9f86d081884c7d659a2feaa0c55ad015"));
    assert_true(bytes_equal_text(summary.subject, "RX202601310001"));
    assert_false(summary.unknown);
    assert_true(summary.fields > 40);
}

static void nothing_at_all_is_an_empty_message(void **state)
{
    (void)state;
    assert_accepted(BYTES_NONE);
}

static void every_prefix_of_an_event_is_refused_or_whole(void **state)
{
    struct bytes value = sample_bytes(*state);
    for (size_t length = 0; length < value.length; length++) {
        uint8_t *exact = malloc(length + 1);
        memcpy(exact, value.data, length);
        struct bytes prefix = {exact, length};
        enum status status = wire_check(uploaded_facts(), prefix, WIRE_SUBMITTED, NULL, NULL);
        ProtobufCMessage *message = NULL;
        if (status == STATUS_OK)
            assert_int_equal(unpack_message(uploaded_facts(), prefix, *state, &message, NULL), STATUS_OK);
        free(exact);
    }
}

static void traps_of_the_wire_are_closed(void **state)
{
    (void)state;
    assert_refused(B("\x72\x03" "a\0b"), "wire.nul");
    assert_refused(B("\x72\x02\xc3\x28"), "wire.utf8");
    assert_refused(B("\x72\x03\xed\xa0\x80"), "wire.utf8"); /* a surrogate */
    assert_refused(B("\x72\x02\xc0\x80"), "wire.utf8");     /* an overlong NUL */
    assert_refused(B("\x72\x05" "ab"), "wire.truncated");
    assert_refused(B("\x72"), "wire.truncated");
    assert_refused(B("\x80"), "wire.truncated");
    assert_refused(B("\x18\xff"), "wire.varint");
    assert_refused(B("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "wire.varint");
    assert_refused(B("\x02\x00"), "wire.tag");                     /* field number 0 */
    assert_refused(B("\xfa\xff\xff\xff\x7f\x00"), "wire.tag");     /* above 2^29 - 1 */
    assert_refused(B("\x1b\x1c"), "wire.group");
    assert_refused(B("\x1f"), "wire.group");
    assert_refused(B("\x70\x01"), "wire.type");                    /* a string as a varint */
    assert_refused(B("\x1a\x01\x01"), "wire.type");                /* an int32 as a block */
    assert_refused(B("\x8a\x01\x02\x0a\x05"), "wire.truncated");   /* inside a message */
    assert_refused(B("\x8a\x01\x03\x0a\x01\x00"), "wire.nul");
    assert_refused(B("\x8a\x02\x02\x01\x80"), "wire.varint");      /* in a packed list */
    assert_refused(B("\xba\x02\x03\x01\x02\x03"), "wire.truncated"); /* fixed32s of 3 bytes */
    assert_refused(B("\xf2\x03\x01" "a" "\xf2\x03\x01" "a"), "wire.key_twice");
    assert_refused(B("\x8a\x04\x00"), "wire.hub_only");
}

static void packed_and_single_forms_of_lists_are_both_fine(void **state)
{
    (void)state;
    assert_accepted(B("\x8a\x02\x03\x01\x02\x03"));
    assert_accepted(B("\x88\x02\x01\x88\x02\x02"));
    assert_accepted(B("\x8a\x03\x02\x01\x02"));
}

static void singular_fields_may_come_twice(void **state)
{
    struct bytes twice = B("\x72\x01" "a" "\x72\x01" "b");
    assert_accepted(twice);
    ProtobufCMessage *message;
    assert_int_equal(unpack_message(kinds(), twice, *state, &message, NULL), STATUS_OK);
    assert_string_equal(((Medhub__Selftest__V1__Kinds *)(void *)message)->a_string, "b");
}

static void unknown_fields_are_seen_and_allowed(void **state)
{
    (void)state;
    struct wire_summary summary;
    assert_int_equal(wire_check(kinds(), B("\xc2\x3e\x02\x00\xff"), WIRE_SUBMITTED, &summary, NULL), STATUS_OK);
    assert_true(summary.unknown);
    assert_int_equal(wire_check(kinds(), B("\x8a\x01\x03\x7a\x01\x00"), WIRE_SUBMITTED, &summary, NULL), STATUS_OK);
    assert_true(summary.unknown);
}

/* Against protobuf-c's own packing: what was packed is what is unpacked, in every kind of field. */
static void what_was_packed_is_unpacked(void **state)
{
    struct arena *arena = *state;
    struct bytes value = sample_bytes(arena);
    ProtobufCMessage *message;
    struct wire_summary summary;
    assert_int_equal(unpack_submitted(uploaded_facts(), value, WIRE_SUBMITTED, arena, &message, &summary, NULL),
                     STATUS_OK);
    assert_true(bytes_equal(pack_message(message, arena), value));
    assert_true(bytes_equal_text(summary.subject, "RX202601310001"));
}

/* Texts of bytes that are close to being right, each kind of character beside each other. */
static void texts_are_held_against_utf8_whatever_their_shape(void **state)
{
    static const char *const pieces[] = {"a", "20mg", "\xc3\x97", "\xe4\xb8\xad", "\xe4\xb8\xad\xe5\x9b\xbd", "\xe0\xa0\x80",
                                         "\xed\x9f\xbf", "\xf0\x9f\x98\x80", "\xe4\xb8", "\xad", "\xed\xa0\x80", "\xe0\x9f\x80",
                                         "\xf4\x90\x80\x80", "\xc0\x80", "\xff", ""};
    enum { PIECES = sizeof pieces / sizeof *pieces, LENGTH_MAX = 64 };
    uint32_t random = 1;
    size_t right = 0;

    (void)state;
    for (int turn = 0; turn < 20000; turn++) {
        uint8_t text[LENGTH_MAX + 8] = {0};
        size_t length = 0;
        unsigned kinds = turn % 2 == 0 ? 8 : PIECES; /* half of them right */
        while ((random = random * 1103515245 + 12345) >> 16 & 7) {
            const char *piece = pieces[(random >> 20) % kinds];
            size_t bytes = piece[0] == '\0' ? 1 : strlen(piece); /* "" stands for a NUL */
            if (length + bytes > LENGTH_MAX)
                break;
            memcpy(text + length, piece, bytes);
            length += bytes;
        }
        struct bytes whole = bytes_from(text, length);
        bool nul = memchr(text, 0, length) != NULL, good = !nul && bytes_is_utf8(whole);
        const char *wrong = wire_text_wrong(whole);
        assert_int_equal(wrong == NULL, good);
        assert_true(good || strcmp(wrong, nul ? "wire.nul" : "wire.utf8") == 0);
        assert_true(good || !wire_is_chinese(text, length));
        assert_true(good || !wire_is_ascii(text, length));
        right += good;
    }
    assert_in_range(right, 5000, 19000);
    assert_true(wire_is_chinese((const uint8_t *)"\xe4\xb8\xad\xe5\x9b\xbd\xe4\xb8\xad......", 9));
}

/* Lists may come in pieces, with other fields between, and messages in halves: all is kept, in order. */
static void pieces_are_put_together(void **state)
{
    struct bytes value = B("\x8a\x02\x02\x01\x02" "\x18\x05" "\x88\x02\x03" "\x8a\x02\x01\x04" /* int32s, an int32 */
                           "\x8a\x01\x03\x0a\x01" "a" "\x8a\x01\x02\x10\x07"                 /* inner, in two halves */
                           "\xaa\x01\x01x" "\xb0\x01\x09");                                  /* choice: text, then number */
    ProtobufCMessage *message;
    struct fault fault = {0};
    assert_int_equal(unpack_submitted(kinds(), value, WIRE_SUBMITTED, *state, &message, NULL, &fault), STATUS_OK);
    Medhub__Selftest__V1__Kinds *kinds_read = (void *)message;
    assert_int_equal(kinds_read->n_int32s, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(kinds_read->int32s[i], i + 1);
    assert_int_equal(kinds_read->an_int32, 5);
    assert_string_equal(kinds_read->inner->text, "a");
    assert_int_equal(kinds_read->inner->number, 7);
    assert_int_equal(kinds_read->choice_case, MEDHUB__SELFTEST__V1__KINDS__CHOICE_CHOICE_NUMBER);
    assert_int_equal(kinds_read->choice_number, 9);
}

static void the_hub_may_write_its_own_fields(void **state)
{
    struct arena *arena = *state;
    Medhub__Event__V1__Provenance provenance = MEDHUB__EVENT__V1__PROVENANCE__INIT;
    provenance.version = 7;
    struct bytes original = sample_bytes(arena);
    struct bytes fact = pack_fact(original, &provenance.base, arena);

    assert_int_equal(wire_check(uploaded_facts(), fact, WIRE_OWN, NULL, NULL), STATUS_OK);
    struct fault fault;
    assert_int_equal(wire_check(uploaded_facts(), fact, WIRE_SUBMITTED, NULL, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, "wire.hub_only");
    assert_string_equal(fault.text, "medhub.prescription.v1.Uploaded.provenance is written by the hub only");

    struct bytes found;
    assert_true(bytes_equal(pack_original(fact, &found), original));
    assert_true(bytes_equal(found, wire_find(fact, PACK_PROVENANCE)));
    ProtobufCMessage *message;
    assert_int_equal(unpack_message(uploaded_facts(), fact, arena, &message, NULL), STATUS_OK);
    assert_int_equal(((Medhub__Prescription__V1__Uploaded *)(void *)message)->provenance->version, 7);
    assert_true(bytes_equal(pack_original(original, &found), original));
    assert_null(found.data);
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    size_t length = 2 * (WIRE_FIELDS_MAX + 1);
    uint8_t *many = malloc(length);
    for (size_t i = 0; i < length; i += 2) {
        many[i] = 0x18;
        many[i + 1] = 1;
    }
    assert_accepted((struct bytes){many, length - 2});
    assert_refused((struct bytes){many, length}, "wire.fields");
    free(many);
}

/* Many tiny messages take far more memory than bytes: the arena bounds it. */
static void unpacking_stops_at_the_limit_of_the_arena(void **state)
{
    (void)state;
    struct arena *small = arena_new(16 * 1024, 256 * 1024);
    enum { COUNT = 20000 };
    uint8_t *many = malloc(3 * COUNT);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(many + 3 * i, "\xfa\x02", 3); /* an empty element of inners */
    struct bytes value = {many, 3 * COUNT};
    struct fault fault;
    ProtobufCMessage *message;
    assert_accepted(value);
    assert_int_equal(unpack_message(kinds(), value, small, &message, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, "unpack.too_large");
    free(many);
    arena_free(small);
}

/* ---- projection ---- */

static Medhub__Prescription__V1__Uploaded *projected(struct arena *arena, struct bytes value, unsigned visible,
                                                     struct buffer *out)
{
    ProtobufCMessage *message;
    buffer_clear(out);
    assert_true(wire_project(uploaded_facts(), value, visible, out));
    assert_int_equal(wire_check(uploaded_facts(), buffer_bytes(out), WIRE_OWN, NULL, NULL), STATUS_OK);
    assert_int_equal(unpack_message(uploaded_facts(), buffer_bytes(out), arena, &message, NULL), STATUS_OK);
    return (void *)message;
}

static void who_may_see_all_sees_the_same_bytes(void **state)
{
    struct bytes value = sample_bytes(*state);
    struct buffer out;
    buffer_init(&out, 1024 * 1024);
    buffer_append_text(&out, "before");
    assert_true(wire_project(uploaded_facts(), value, SENSITIVITY_ALL, &out));
    assert_memory_equal(out.data, "before", 6);
    assert_true(bytes_equal((struct bytes){out.data + 6, out.length - 6}, value));
    buffer_done(&out);
}

static void each_class_sees_its_own_fields_only(void **state)
{
    struct arena *arena = *state;
    struct bytes value = sample_bytes(arena);
    struct buffer out;
    buffer_init(&out, 1024 * 1024);

    Medhub__Prescription__V1__Uploaded *seen =
        projected(arena, value, SENSITIVITY_PUBLIC | SENSITIVITY_ORGANISATION, &out);
    assert_string_equal(seen->person, "");
    assert_string_equal(seen->hospital_number, "RX202601310001");
    assert_string_equal(seen->doctor->name, "李医生");
    assert_int_equal(seen->issued_at->seconds, 1769846400);
    assert_int_equal(seen->n_diagnoses, 0); /* left empty, so left out: not even their number is told */
    assert_int_equal(seen->n_lines, 0);

    seen = projected(arena, value, SENSITIVITY_CLINICAL, &out);
    assert_string_equal(seen->person, "");
    assert_string_equal(seen->hospital_number, "");
    assert_null(seen->doctor);
    assert_int_equal(seen->n_lines, 2);
    assert_int_equal(seen->lines[1]->quantity->e4, 20000); /* the class of the field counts within */
    assert_string_equal(seen->lines[1]->frequency->name, "每日一次");
    assert_string_equal(seen->diagnoses[0]->code, "K25.900");

    seen = projected(arena, value, SENSITIVITY_IDENTITY, &out);
    assert_string_equal(seen->person, "p:9f86d081884c7d659a2feaa0c55ad015");
    assert_int_equal(seen->n_lines, 0);

    assert_true(wire_project(uploaded_facts(), value, 0, &out));
    buffer_done(&out);
}

static void assert_projection(struct bytes value, unsigned visible, struct bytes expected)
{
    struct buffer out;
    buffer_init(&out, 4096);
    assert_true(wire_project(kinds(), value, visible, &out));
    assert_true(bytes_equal(buffer_bytes(&out), expected));
    buffer_done(&out);
}

static void unknown_fields_are_never_passed_on(void **state)
{
    (void)state;
    /* at the top, and inside a message, where the length must shrink with it */
    assert_projection(B("\x18\x01\xc2\x3e\x01x\x20\x02"), SENSITIVITY_ALL, B("\x18\x01\x20\x02"));
    assert_projection(B("\x8a\x01\x06\x0a\x01" "a" "\x7a\x01z"), SENSITIVITY_ALL, B("\x8a\x01\x03\x0a\x01" "a"));
}

static void an_empty_message_that_was_sent_stays_sent(void **state)
{
    (void)state;
    assert_projection(B("\x8a\x01\x00"), SENSITIVITY_ORGANISATION, B("\x8a\x01\x00"));
    assert_projection(B("\x8a\x01\x00"), SENSITIVITY_CLINICAL, BYTES_NONE);
    /* of class CLINICAL as a whole: its secret inside has a class of its own */
    assert_projection(B("\xfa\x03\x06\x0a\x01" "a" "\x1a\x01s"), SENSITIVITY_CLINICAL, B("\xfa\x03\x03\x0a\x01" "a"));
    assert_projection(B("\xfa\x03\x03\x1a\x01s"), SENSITIVITY_CLINICAL, B("\xfa\x03\x00"));
    assert_projection(B("\xfa\x03\x03\x1a\x01s"), SENSITIVITY_IDENTITY, BYTES_NONE);
}

static void a_long_message_that_shrinks_gets_a_shorter_length(void **state)
{
    (void)state;
    uint8_t value[3 + 2 + 202 + 3] = {0x8a, 0x01, 0xcd, 0x01, 0x1a, 0xc8, 0x01};
    memset(value + 7, 's', 200);
    memcpy(value + 207, "\x10\x05", 2);
    assert_projection((struct bytes){value, 209}, SENSITIVITY_ORGANISATION, B("\x8a\x01\x02\x10\x05"));
}

static void a_full_buffer_is_told(void **state)
{
    struct bytes value = sample_bytes(*state);
    struct buffer out;
    buffer_init(&out, 100);
    assert_false(wire_project(uploaded_facts(), value, SENSITIVITY_ALL, &out));
    buffer_done(&out);
}

static void lists_are_appended_and_nothing_else(void **state)
{
    struct arena *arena = *state;
    struct fault fault = {0};
    struct buffer out;
    ProtobufCMessage *message = NULL;
    struct bytes value = sample_bytes(arena); /* with a key, and lines */

    assert_int_equal(unpack_message(uploaded_facts(), value, arena, &message, &fault), STATUS_OK);
    size_t lines = ((Medhub__Prescription__V1__Uploaded *)message)->n_lines;
    assert_true(lines > 0);
    buffer_init(&out, 100000);
    buffer_append_bytes(&out, value);
    for (int i = 0; i < 3; i++)
        assert_true(wire_append_lists(uploaded_facts(), value, &out));
    assert_int_equal(wire_check(uploaded_facts(), buffer_bytes(&out), WIRE_SUBMITTED, NULL, &fault), STATUS_OK);
    assert_int_equal(unpack_message(uploaded_facts(), buffer_bytes(&out), arena, &message, &fault), STATUS_OK);
    assert_int_equal(((Medhub__Prescription__V1__Uploaded *)message)->n_lines, 4 * lines);
    assert_false(wire_append_lists(uploaded_facts(), bytes_from(value.data, value.length - 1), &out));
    assert_true(wire_append_lists(uploaded_facts(), BYTES_NONE, &out));
    buffer_done(&out);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_typical_event_passes_and_tells_its_key),
        WITH_ARENA(nothing_at_all_is_an_empty_message),
        WITH_ARENA(every_prefix_of_an_event_is_refused_or_whole),
        WITH_ARENA(traps_of_the_wire_are_closed),
        WITH_ARENA(packed_and_single_forms_of_lists_are_both_fine),
        WITH_ARENA(singular_fields_may_come_twice),
        WITH_ARENA(unknown_fields_are_seen_and_allowed),
        WITH_ARENA(what_was_packed_is_unpacked),
        cmocka_unit_test(texts_are_held_against_utf8_whatever_their_shape), WITH_ARENA(pieces_are_put_together),
        WITH_ARENA(the_hub_may_write_its_own_fields),
        WITH_ARENA(too_many_fields_are_refused),
        WITH_ARENA(unpacking_stops_at_the_limit_of_the_arena),
        WITH_ARENA(who_may_see_all_sees_the_same_bytes),
        WITH_ARENA(each_class_sees_its_own_fields_only),
        WITH_ARENA(unknown_fields_are_never_passed_on),
        WITH_ARENA(an_empty_message_that_was_sent_stays_sent),
        WITH_ARENA(a_long_message_that_shrinks_gets_a_shorter_length),
        WITH_ARENA(a_full_buffer_is_told),
        WITH_ARENA(lists_are_appended_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

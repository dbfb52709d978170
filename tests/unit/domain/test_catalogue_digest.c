/* The two digests of catalogues: golden values that tests/support/catalogue_digest.py worked out from ops/docs/calling.md (the same
 * stand in tests/unit/client/test_catalogue_digest.c), and: whatever an item says counts. */
#include "domain/catalogue.h"
#include "domain/catalogue_sum.h"

#include "event/json.h"
#include "event/schema.h"
#include "support/cmocka_all.h"
#include "support/trial.h"

#define ITEM                                                                                                                     \
    "{\"kind\":\"KIND_HOSPITAL_PREPARATION\",\"code\":\"J1/甲\",\"name\":\"止咳\\n\\\"合剂\\\"\\u001f\\\\\",\"region\":\"650000\","   \
    "\"validFrom\":\"2026-01-01\",\"release\":\"R-1\",\"limit\":{\"courseDays\":7,\"age\":\"LIMIT_AGE_CHILDREN\"},"                   \
    "\"aliases\":[\"二\",\"一\"],\"priceLimit\":{\"microYuan\":\"12500000\"},\"selfPayRatio\":{\"e4\":1000},"                       \
    "\"nationallyProtected\":true,\"paymentStandard\":{\"microYuan\":\"9000000000000\"}}"
#define KEY "HOSPITAL_PREPARATION/J1/甲"

struct fixture {
    struct arena *arena;
    CatalogueItem *item;
    ItemChanged said;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    ProtobufCMessage *item = NULL;
    struct fault fault;
    fixture.arena = arena_new(64 * 1024, 4 * 1024 * 1024);
    assert_int_equal(json_decode(schema_of(CATALOGUE_ITEM), bytes_of(ITEM), fixture.arena, &item, &fault), STATUS_OK);
    fixture.item = (CatalogueItem *)item;
    medhub__catalogue__v1__item_changed__init(&fixture.said);
    fixture.said.item_key = chars(KEY);
    fixture.said.region = chars("650000");
    fixture.said.effective_on = chars("2026-01-01");
    fixture.said.item = fixture.item;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static uint64_t digest(const struct fixture *fixture)
{
    uint64_t digest = 0;
    assert_true(catalogue_row_digest(fixture->arena, &fixture->said, change_bit(CHANGE_RENAMED) | change_bit(CHANGE_LIMIT), &digest));
    return digest;
}

static void a_change_counts_as_the_page_says(void **state)
{
    assert_true(digest(*state) == UINT64_C(0x884a20c834dbb7ba));
}

/* Sets FIELD of MESSAGE to something else. False: a message or a list, which is looked into or left alone. */
static bool alter(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    void *at = (char *)message + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return false;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(char **)at = chars("something else");
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = !*(protobuf_c_boolean *)at;
        return true;
    case PROTOBUF_C_TYPE_ENUM:
        *(uint32_t *)at = *(uint32_t *)at == 1 ? 2 : 1;
        return true;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)at ^= 1;
        return true;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)at ^= 1;
        return true;
    default:
        return false;
    }
}

static int *case_of(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (int *)(void *)((char *)message + field->quantifier_offset);
}

/* An empty message of FIELD in MESSAGE, with its case if it is one of a choice. */
static ProtobufCMessage *put_empty(const struct fixture *fixture, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *descriptor = field->descriptor;
    ProtobufCMessage *made = arena_take_zeroed(fixture->arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, made);
    *(ProtobufCMessage **)(void *)((char *)message + field->offset) = made;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        *case_of(message, field) = (int)field->id;
    return made;
}

static size_t alter_each(struct fixture *fixture, ProtobufCMessage *message)
{
    size_t altered = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t size = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(void *)
                      : field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64 ? sizeof(int64_t)
                                                                                                       : sizeof(int32_t);
        char *at = (char *)message + field->offset, kept[sizeof(int64_t)];
        uint64_t before = digest(fixture);
        memcpy(kept, at, size);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED) {
            int *choice = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ? NULL : case_of(message, field);
            int chosen = choice == NULL ? 0 : *choice;
            altered += alter_each(fixture, put_empty(fixture, message, field));
            if (choice != NULL)
                *choice = chosen;
        } else if (alter(message, field)) {
            if (digest(fixture) == before)
                fail_msg("%s.%s does not count", message->descriptor->name, field->name);
            altered++;
        }
        memcpy(at, kept, size);
    }
    return altered;
}

static void whatever_an_item_says_counts(void **state)
{
    struct fixture *fixture = *state;
    uint64_t first = digest(fixture);
    assert_true(alter_each(fixture, &fixture->item->base) > 60);
    fixture->item->details_case = DETAILS_NONE;
    assert_true(digest(fixture) == first);
    char *other[] = {fixture->item->aliases[1], fixture->item->aliases[0]};
    fixture->item->aliases = other;
    assert_true(digest(fixture) != first);
    fixture->item->n_aliases = 1;
    assert_true(digest(fixture) != first);
}

static struct catalogue_sum_row row_of(struct fixture *fixture, struct buffer *json, const char *region, const char *from,
                                       const char *until, uint64_t version)
{
    struct fault fault;
    buffer_clear(json);
    assert_int_equal(json_encode_canonical(schema_of(CATALOGUE_ITEM), &fixture->item->base, json, &fault), STATUS_OK);
    return (struct catalogue_sum_row){KEY, region, date_parse(bytes_of(from)), date_parse(bytes_of(until)), buffer_bytes(json), version};
}

static void dated_rows_count_as_the_page_says_in_any_order(void **state)
{
    struct fixture *fixture = *state;
    char text[CATALOGUE_SUM_TEXT_BYTES];
    struct catalogue_sum forth = {{0}, 0}, back = {{0}, 0};
    struct buffer json, line;
    buffer_init(&json, SIZE_MAX);
    buffer_init(&line, SIZE_MAX);
    const struct catalogue_sum_row rows[] = {row_of(fixture, &json, "650000", "2026-01-01", "", 7),
                                             row_of(fixture, &json, "000000", "2025-01-01", "2025-12-31", 3)};
    assert_true(catalogue_sum_add(&forth, &rows[0], &line));
    assert_string_equal(catalogue_sum_text(&forth, text), "a420d1c86559c9afc23833b7dfd06ac613e2f9d333e025beda6efdb5df1f5011");
    assert_true(catalogue_sum_add(&forth, &rows[1], &line));
    assert_string_equal(catalogue_sum_text(&forth, text), "88dd2f6af9689b07420a8805b1cb21658dacaf1f56538a21255952b3dd387668");
    assert_true(catalogue_sum_add(&back, &rows[1], &line) && catalogue_sum_add(&back, &rows[0], &line));
    assert_memory_equal(&forth, &back, sizeof back);
    buffer_done(&json);
    buffer_done(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_counts_as_the_page_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whatever_an_item_says_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dated_rows_count_as_the_page_says_in_any_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

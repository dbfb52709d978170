// links: dep::protobuf-c
/* wire_wraps.h: a sealed value goes on with the recipient's own wraps, everything else byte for byte. */
#include "event/wire_wraps.h"

#include "event/wire.h"

#include "medhub/prescription/v1/prescription.pb-c.h"
#include "medhub/registry/v1/registry.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef Medhub__Prescription__V1__Uploaded Uploaded;

enum { WRAPS = 3 };
static char recipients[WRAPS][3] = {"P1", "I1", "P2"};

struct fixture {
    Uploaded said;
    Medhub__Common__V1__Sealed identity;
    Medhub__Common__V1__SealWrap wraps[WRAPS], *list[WRAPS];
    uint8_t packed[4096];
    struct buffer out;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    static uint8_t filling[300];
    medhub__prescription__v1__uploaded__init(&fixture->said);
    medhub__common__v1__sealed__init(&fixture->identity);
    fixture->said.person = (char *)"person-1";
    fixture->said.hospital_number = (char *)"RX-1";
    fixture->identity.key_id = (char *)"s1";
    fixture->identity.ciphertext = (ProtobufCBinaryData){sizeof filling, filling};
    fixture->identity.wraps = fixture->list;
    for (size_t i = 0; i < WRAPS; i++) {
        medhub__common__v1__seal_wrap__init(&fixture->wraps[i]);
        fixture->wraps[i].recipient = recipients[i];
        fixture->wraps[i].key_id = (char *)"e1";
        fixture->wraps[i].wrapped_key = (ProtobufCBinaryData){48, filling};
        fixture->list[i] = &fixture->wraps[i];
    }
    fixture->identity.n_wraps = WRAPS;
    fixture->said.identity = &fixture->identity;
    buffer_init(&fixture->out, sizeof fixture->packed);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    buffer_done(&((struct fixture *)*state)->out);
    free(*state);
    return 0;
}

static const struct message_facts *facts(void)
{
    return schema_of(&medhub__prescription__v1__uploaded__descriptor);
}

static struct bytes pack(struct fixture *fixture)
{
    return bytes_from(fixture->packed, medhub__prescription__v1__uploaded__pack(&fixture->said, fixture->packed));
}

static bool is_theirs(void *self, struct bytes recipient)
{
    return bytes_equal_text(recipient, self);
}

static Uploaded *kept_for(struct fixture *fixture, const char *recipient)
{
    fixture->out.length = 0;
    assert_true(wire_keep_wraps(facts(), pack(fixture), is_theirs, (void *)(uintptr_t)recipient, &fixture->out));
    Uploaded *kept = medhub__prescription__v1__uploaded__unpack(NULL, fixture->out.length, fixture->out.data);
    assert_non_null(kept);
    return kept;
}

static void each_recipient_gets_its_own(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < WRAPS; i++) {
        Uploaded *kept = kept_for(fixture, recipients[i]);
        assert_int_equal(kept->identity->n_wraps, 1);
        assert_string_equal(kept->identity->wraps[0]->recipient, recipients[i]);
        assert_int_equal(kept->identity->ciphertext.len, 300);
        assert_string_equal(kept->hospital_number, "RX-1");
        medhub__prescription__v1__uploaded__free_unpacked(kept, NULL);
    }
}

static void a_stranger_gets_none(void **state)
{
    Uploaded *kept = kept_for(*state, "P3");
    assert_int_equal(kept->identity->n_wraps, 0);
    assert_string_equal(kept->identity->key_id, "s1");
    medhub__prescription__v1__uploaded__free_unpacked(kept, NULL);
}

static bool everybody(void *self, struct bytes recipient)
{
    (void)self;
    return recipient.length == 2;
}

static void what_is_kept_whole_stays_byte_for_byte(void **state)
{
    struct fixture *fixture = *state;
    struct bytes packed = pack(fixture);
    assert_true(wire_keep_wraps(facts(), packed, everybody, NULL, &fixture->out));
    assert_true(bytes_equal(buffer_bytes(&fixture->out), packed));
}

static void only_what_is_sealed_is_looked_into(void **state)
{
    struct fixture *fixture = *state;
    assert_true(wire_has_wraps(facts(), pack(fixture)));
    fixture->said.identity = NULL;
    assert_false(wire_has_wraps(facts(), pack(fixture)));
    assert_false(wire_has_wraps(schema_of(&medhub__registry__v1__organisation__descriptor), pack(fixture)));
}

static void half_a_message_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct bytes packed = pack(fixture);
    assert_false(wire_keep_wraps(facts(), bytes_from(packed.data, packed.length - 1), everybody, NULL, &fixture->out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_recipient_gets_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stranger_gets_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_kept_whole_stays_byte_for_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_is_sealed_is_looked_into, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_message_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

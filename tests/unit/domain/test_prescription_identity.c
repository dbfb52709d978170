// links: dep::jansson
/* The way of a sealed identity from the upload to the dispenser that claims it. */
#include "domain/prescription.h"

#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PERSON "person-1"
#define ROW    "identity/prescription/N-1"
#define SEALED                                                                                               \
    "\"identity\": {\"key_id\": \"s1\", \"suite\": \"SEAL_SUITE_X25519_AES256GCM\", \"ephemeral_key\": "     \
    "\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\", \"ciphertext\": "                                     \
    "\"gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\", "         \
    "\"wraps\": [" WRAP("惠民药店") ", " WRAP("市一医院") "]}"
#define WRAP(who)                                                                                            \
    "{\"recipient\": \"" who "\", \"key_id\": \"e1\", \"wrapped_key\": "                                     \
    "\"gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"

static void say(struct stage *stage, const char *who, const char *type, const char *id, const char *with)
{
    json_t *changes = json_loads(with, 0, NULL);
    assert_non_null(changes);
    json_t *data = stage_data(stage, type, changes);
    stage_say(stage, &(struct said){stage_id_of(stage, who), id, stage_type(type), data, NULL});
    assert_int_equal(stage->answer, ANSWER_ACCEPTED);
    json_decref(data);
    json_decref(changes);
}

static struct stage *begin(const char *with)
{
    struct stage *stage = stage_new("tests/scenario/world.yaml", NULL);
    stage_set_clock(stage, 1772416800000); /* 2026-03-02 10:00 */
    say(stage, "市一医院", "uploaded", "u1", with);
    return stage;
}

static bool is_kept(struct stage *stage)
{
    return stage_row(stage, SEALED_VALUE, PERSON, ROW) != NULL;
}

/* What the last event passed on; NULL: nothing. It is the fact after the claim. */
static const PrescriptionIdentityPassedOn *passed_on(const struct stage *stage)
{
    const struct decision *decision = &stage->trial->decision;
    return decision->fact_count < 2 ? NULL : (const PrescriptionIdentityPassedOn *)decision->facts[1].message;
}

static void hears_only(const struct stage *stage, const char *who)
{
    const struct decision *decision = &stage->trial->decision;
    size_t count = 0;
    for (size_t i = 0; i < decision->delivery_count; i++)
        count += decision->deliveries[i].fact == 1;
    assert_int_equal(count, 1);
    assert_int_equal(trial_delivery(stage->trial, 1, stage_id_of(stage, who)), VISIBLE_ALL);
}

static void who_claims_gets_its_own_wrap(void **state)
{
    struct stage *stage = begin("{" SEALED "}");
    (void)state;
    assert_true(is_kept(stage));
    say(stage, "惠民药店", "claimed", "c1", "{}");
    const PrescriptionIdentityPassedOn *message = passed_on(stage);
    assert_non_null(message);
    assert_string_equal(message->uploaded_source, stage_id_of(stage, "市一医院"));
    assert_string_equal(message->uploaded_id, "u1");
    assert_false(message->not_sealed_for_dispenser);
    assert_int_equal(message->identity->n_wraps, 1);
    assert_string_equal(message->identity->wraps[0]->recipient, stage_id_of(stage, "惠民药店"));
    hears_only(stage, "惠民药店");
    assert_true(is_kept(stage)); /* it may let it go, and another claim it */
    stage_free(stage);
}

static void who_was_not_sealed_for_is_told_so(void **state)
{
    struct stage *stage = begin("{" SEALED "}");
    (void)state;
    say(stage, "康宁药店", "claimed", "c1", "{\"dispenser\": \"康宁药店\"}");
    const PrescriptionIdentityPassedOn *message = passed_on(stage);
    assert_non_null(message);
    assert_true(message->not_sealed_for_dispenser);
    assert_null(message->identity);
    hears_only(stage, "康宁药店");
    stage_free(stage);
}

static void without_identity_nothing_is_passed_on(void **state)
{
    struct stage *stage = begin("{}");
    (void)state;
    assert_false(is_kept(stage));
    say(stage, "惠民药店", "claimed", "c1", "{}");
    assert_null(passed_on(stage));
    stage_free(stage);
}

static void it_goes_when_the_prescription_ends(void **state)
{
    struct stage *revoked = begin("{" SEALED "}");
    (void)state;
    say(revoked, "市一医院", "revoked", "r1", "{}");
    assert_false(is_kept(revoked));
    stage_free(revoked);

    struct stage *expired = begin("{" SEALED "}");
    stage_set_clock(expired, 1772416800000 + 30LL * 86400000);
    assert_int_equal(expired->fired_count, 1);
    assert_false(is_kept(expired));
    stage_free(expired);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_claims_gets_its_own_wrap),
        cmocka_unit_test(who_was_not_sealed_for_is_told_so),
        cmocka_unit_test(without_identity_nothing_is_passed_on),
        cmocka_unit_test(it_goes_when_the_prescription_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/person.h"
#include "domain/settlement.h"

#include "base/hash.h"

/* --- posted --- */

static void take_fingerprint(const SettlementAmounts *amounts, uint8_t fingerprint[FINGERPRINT_BYTES])
{
    const int64_t values[] = {
        money_fen(amounts->total),        money_fen(amounts->self_paid),
        money_fen(amounts->over_limit),   money_fen(amounts->first_self_pay),
        money_fen(amounts->in_scope),     money_fen(amounts->fund_total),
        money_fen(amounts->person_total), money_fen(amounts->account),
        money_fen(amounts->cash),         money_fen(amounts->institution_borne),
    };
    uint64_t hash = hash_bytes(bytes_from(values, sizeof values), 0);
    for (size_t i = 0; i < FINGERPRINT_BYTES; i++)
        fingerprint[i] = (uint8_t)(hash >> (8 * i));
}

void *settlement_prepare_posting(struct view *view, const struct event *event)
{
    const SettlementPosted *said = (const SettlementPosted *)event->message;
    struct posting *posting = arena_take_zeroed(view->arena, sizeof *posting);
    if (posting == NULL)
        return NULL;
    posting->said = said;
    posting->settled_on = timestamp_day(said->settled_at);
    posting->earlier =
        (const SettlementState *)view_state(view, SETTLEMENT_STATE, "settlement/%s", said->message_id);
    take_fingerprint(said->amounts, posting->fingerprint);
    return posting->earlier != NULL || settlement_look_up_lines(view, posting) ? posting : NULL;
}

bool settlement_contradicts(const struct posting *posting)
{
    struct bytes said = bytes_from(posting->fingerprint, FINGERPRINT_BYTES);
    struct bytes earlier = bytes_from(posting->earlier->fingerprint.data, posting->earlier->fingerprint.len);
    return !bytes_equal(said, earlier) || strcmp(posting->earlier->payee, posting->said->payee) != 0;
}

static SettlementState *remember(struct decision *decision, struct posting *posting)
{
    const SettlementPosted *said = posting->said;
    SettlementState *state = decision_message(decision, SETTLEMENT_STATE);
    if (state == NULL)
        return NULL;
    state->status = SETTLEMENT_POSTED;
    state->message_id = said->message_id;
    state->settlement_id = said->settlement_id;
    state->payee = said->payee;
    state->quota_owner = said->quota_owner;
    state->total_fen = money_fen(said->amounts->total);
    state->fund_fen = money_fen(said->amounts->fund_total);
    state->account_fen = money_fen(said->amounts->account);
    state->cash_fen = money_fen(said->amounts->cash);
    struct burden_parts burden = settlement_burden(said);
    state->before_serious_illness_fen = burden.before_serious_illness_fen;
    state->before_aid_fen = burden.before_aid_fen;
    state->settled_at_ms = timestamp_ms(said->settled_at);
    state->fingerprint = (ProtobufCBinaryData){FINGERPRINT_BYTES, posting->fingerprint};
    state->insurance_type = said->insurance_type;
    state->region_of_insurance = said->region_of_insurance;
    state->event_id = lent(decision->event->attributes.id);
    return state;
}

/* Payee and insurer know the person; the owner of the quota learns what was bought against it, not by whom.
 */
static void tell_the_parties(struct decision *decision, size_t fact, const char *payee,
                             const char *quota_owner, const char *region_of_insurance)
{
    const char *source = decision->event->attributes.source;
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", region_of_insurance);
    if (strcmp(payee, source) != 0)
        decision_deliver(decision, fact, VISIBLE_ALL, "%s", payee);
    if (is_given(quota_owner) && strcmp(quota_owner, payee) != 0 && strcmp(quota_owner, source) != 0)
        decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION | VISIBLE_CLINICAL, "%s",
                         quota_owner);
}

void settlement_decide_posting(struct view *view, const struct event *event, void *prepared,
                               struct decision *decision)
{
    struct posting *posting = prepared;
    (void)event;
    if (posting->earlier != NULL) {
        decision_duplicate_of(decision, posting->earlier->event_id);
        return;
    }
    SettlementState *state = remember(decision, posting);
    if (state == NULL || !settlement_find_prescriptions(view, decision, posting->said, state) ||
        !settlement_keep_codes(decision, posting->said, state)) {
        decision->failed = true;
        return;
    }
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &state->base, "settlement/%s", state->message_id);
    tell_the_parties(decision, fact, state->payee, state->quota_owner, state->region_of_insurance);
    person_count_settlement(view, decision, state, false);
    settlement_tell_prescriptions(view, decision, state, posting->said->person, false);
    settlement_tell_trace(view, decision, posting->said);
}

/* --- reversed --- */

void *settlement_prepare_reversal(struct view *view, const struct event *event)
{
    struct reversal *reversal = arena_take(view->arena, sizeof *reversal);
    if (reversal == NULL)
        return NULL;
    reversal->said = (const SettlementReversed *)event->message;
    reversal->original = (SettlementState *)view_state(view, SETTLEMENT_STATE, "settlement/%s",
                                                       reversal->said->original_message_id);
    return reversal;
}

void settlement_decide_reversal(struct view *view, const struct event *event, void *prepared,
                                struct decision *decision)
{
    struct reversal *reversal = prepared;
    SettlementState *original = reversal->original;
    if (original->status == SETTLEMENT_REVERSED) {
        decision_duplicate_of(decision, original->reversal_event_id);
        return;
    }
    original->status = SETTLEMENT_REVERSED;
    original->reversal_message_id = reversal->said->message_id;
    original->reversal_event_id = lent(event->attributes.id);
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &original->base, "settlement/%s", original->message_id);
    tell_the_parties(decision, fact, original->payee, original->quota_owner, original->region_of_insurance);
    person_count_settlement(view, decision, original, true);
    settlement_tell_prescriptions(view, decision, original, reversal->said->person, true);
    settlement_take_back_trace(view, decision, original, reversal->said);
}

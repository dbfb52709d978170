#include "domain/registry_key.h"

#include "domain/registry.h"

#include "seal/seal_key.h"
#include "signature/signing_key.h"

enum { KEYS_MAX = 20 }; /* as the schema says of an organisation */
static const int64_t day_ms = 86400000;

struct rotation {
    const KeyRotated *said;
    const RegisteredOrganisation *registered; /* or NULL */
    const RegistryKey *replaced;              /* that still counts, or NULL */
    int64_t from_ms, until_ms;                /* first moment of the new key, last of the old one */
};

/* --- what the rules look at --- */

static bool has_ended(const RegistryKey *key, int64_t now_ms)
{
    return key->valid_until != NULL && timestamp_ms(key->valid_until) <= now_ms;
}

static const RegistryKey *key_of(const RegisteredOrganisation *registered, const char *id)
{
    for (size_t i = 0; registered != NULL && i < registered->organisation->n_keys; i++)
        if (strcmp(registered->organisation->keys[i]->id, id) == 0)
            return registered->organisation->keys[i];
    return NULL;
}

void *key_rotation_prepare(struct view *view, const struct event *event)
{
    const KeyRotated *said = (const KeyRotated *)event->message;
    struct rotation *rotation = arena_take(view->arena, sizeof *rotation);
    if (rotation == NULL)
        return NULL;
    rotation->said = said;
    rotation->registered =
        (const RegisteredOrganisation *)view_state(view, REGISTERED_ORGANISATION, "organisation");
    rotation->replaced = key_of(rotation->registered, said->replaced_key);
    if (rotation->replaced != NULL && has_ended(rotation->replaced, view->now_ms))
        rotation->replaced = NULL;
    rotation->from_ms = said->key->valid_from == NULL ? view->now_ms : timestamp_ms(said->key->valid_from);
    rotation->until_ms = timestamp_ms(said->replaced_until);
    return rotation;
}

static const struct rotation *rotation_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void organisation_says_it_itself(struct rule_context *context)
{
    const char *organisation = rotation_of(context)->said->organisation_id;
    const char *source = context->event->attributes.source;
    if (strcmp(organisation, context->view->key) != 0 || strcmp(organisation, source) != 0)
        rule_refuse(context, "organisationId", organisation, source);
}

static void replaced_key_counts(struct rule_context *context)
{
    const struct rotation *rotation = rotation_of(context);
    if (rotation->replaced == NULL)
        rule_refuse(context, "replacedKey", rotation->said->replaced_key,
                    "a key of the organisation that has not ended");
}

static void key_id_is_new(struct rule_context *context)
{
    const struct rotation *rotation = rotation_of(context);
    if (key_of(rotation->registered, rotation->said->key->id) != NULL)
        rule_refuse(context, "key.id", rotation->said->key->id, "an id that none of its keys has had");
}

/* A rotation may bring the end of a key forward, never put it off. */
static void end_is_ahead(struct rule_context *context)
{
    const struct rotation *rotation = rotation_of(context);
    const RegistryKey *replaced = rotation->replaced;
    char said[MOMENT_TEXT_BYTES], bound[MOMENT_TEXT_BYTES];
    const char *found = moment_format_ms(rotation->until_ms, said);
    if (rotation->until_ms <= context->view->now_ms)
        rule_refuse(context, "replacedUntil", rule_text(context, "%s", found),
                    rule_text(context, "after %s", moment_format_ms(context->view->now_ms, bound)));
    else if (replaced != NULL && replaced->valid_until != NULL &&
             rotation->until_ms > timestamp_ms(replaced->valid_until))
        rule_refuse(context, "replacedUntil", rule_text(context, "%s", found),
                    rule_text(context, "not after its end, %s",
                              moment_format_ms(timestamp_ms(replaced->valid_until), bound)));
}

/* Both count for a while, but not for long; never neither. */
static void overlap_is_bounded(struct rule_context *context)
{
    const struct rotation *rotation = rotation_of(context);
    int64_t now_ms = context->view->now_ms, days_max;
    int64_t begin_ms = rotation->from_ms > now_ms ? rotation->from_ms : now_ms;
    if (rotation->registered == NULL)
        return;
    const char *region = rotation->registered->organisation->region;
    if (rotation->until_ms < begin_ms)
        rule_refuse(context, "key.validFrom", "the new key begins after the old one ends",
                    "not after replacedUntil");
    else if (!view_policy_int(context->view, context->rule->parameter, region, date_in_china(now_ms), &days_max))
        rule_policy_missing(context, region, date_in_china(now_ms));
    else if ((rotation->until_ms - begin_ms) / day_ms >= days_max)
        rule_refuse(context, "replacedUntil",
                    rule_text(context, "%lld days", (long long)((rotation->until_ms - begin_ms) / day_ms)),
                    rule_text(context, "both keys count for less than %lld days", (long long)days_max));
}

static bool is_encryption(const RegistryKey *key)
{
    return key->use == KEY_FOR_ENCRYPTION;
}

/* True if the key's bytes are a public key for what it is for. */
static bool is_public_key(const RegistryKey *key)
{
    struct bytes bytes = bytes_from(key->public_key.data, key->public_key.len);
    bool is_sm2 = key->algorithm == KEY_SM2;
    struct seal_key *seal = NULL;
    struct signing_key *signing = NULL;
    struct fault fault;
    bool holds = false;
    if (is_encryption(key))
        holds = (is_sm2 || key->algorithm == KEY_X25519) &&
                seal_key_public(is_sm2 ? SEAL_SM2_SM4 : SEAL_X25519_AES256GCM, bytes, &seal, &fault) == STATUS_OK;
    else
        holds = (is_sm2 || key->algorithm == KEY_ED25519) &&
                signing_key_public(is_sm2 ? SIGNING_SM2_SM3 : SIGNING_ED25519, bytes, &signing, &fault) == STATUS_OK;
    seal_key_free(seal);
    signing_key_free(signing);
    return holds;
}

static void key_is_fit(struct rule_context *context)
{
    const struct rotation *rotation = rotation_of(context);
    const RegistryKey *key = rotation->said->key, *replaced = rotation->replaced;
    if (!is_public_key(key))
        rule_refuse(context, "key.publicKey", key->id, "a public key: Ed25519 or SM2 to sign, X25519 or SM2 to encrypt");
    if (replaced != NULL && is_encryption(replaced) != is_encryption(key))
        rule_refuse(context, "key.use", key->id, "the use of the key that it replaces");
    if (replaced != NULL && replaced->public_key.len == key->public_key.len && key->public_key.len > 0 &&
        memcmp(replaced->public_key.data, key->public_key.data, key->public_key.len) == 0)
        rule_refuse(context, "key.publicKey", key->id, "another key than the one that it replaces");
    if (key->valid_until != NULL && timestamp_ms(key->valid_until) <= rotation->until_ms)
        rule_refuse(context, "key.validUntil", key->id, "after replacedUntil, or open");
}

/* The registrar has written a version that begins later, and its keys: only he knows what they are to be. */
static void no_change_is_ahead(struct rule_context *context)
{
    const struct rotation *rotation = rotation_of(context);
    date_t today = date_in_china(context->view->now_ms);
    if (rotation->registered != NULL && text_day(rotation->registered->valid_from) > today)
        rule_refuse(context, "organisationId", rotation->registered->valid_from,
                    rule_text(context, "no change that begins after %s", rule_day(context, today)));
}

/* --- the decision --- */

/* Full of keys: those that have ended make room. */
static size_t keep_keys(RegistryKey **keys, const Organisation *organisation, int64_t now_ms)
{
    bool is_full = organisation->n_keys >= KEYS_MAX;
    size_t count = 0;
    for (size_t i = 0; i < organisation->n_keys; i++)
        if (!is_full || !has_ended(organisation->keys[i], now_ms))
            keys[count++] = organisation->keys[i];
    return count;
}

void key_rotation_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct rotation *rotation = prepared;
    const Organisation *organisation = rotation->registered->organisation;
    Organisation *now = decision_message(decision, ORGANISATION);
    RegistryKey *ending = decision_message(decision, REGISTRY_KEY), *added = decision_message(decision, REGISTRY_KEY);
    RegistryKey **keys = decision_list(decision, organisation->n_keys + 1);
    (void)event;
    if (now == NULL || ending == NULL || added == NULL || keys == NULL)
        return;

    *now = *organisation;
    now->keys = keys;
    now->n_keys = keep_keys(keys, organisation, view->now_ms);
    *ending = *rotation->replaced;
    ending->valid_until = rotation->said->replaced_until;
    for (size_t i = 0; i < now->n_keys; i++)
        if (keys[i] == rotation->replaced)
            keys[i] = ending;
    *added = *rotation->said->key;
    if (added->valid_from == NULL)
        added->valid_from = decision_moment(decision, view->now_ms);
    keys[now->n_keys++] = added;

    size_t fact = decision_fact_of_event(decision);
    registry_put_organisation(decision, rotation->registered, now, date_in_china(view->now_ms));
    registry_tell(decision, fact, now->id, now->region);
}

/* clang-format off */
#define RULE(id_, code_, evaluate_, parameter_, zh_, en_)                                                    \
    {.id = (id_), .code = (code_), .document = SOURCE_PRACTICE, .clause = "机构自行轮换密钥",                \
     .parameter = (parameter_), .evaluate = (evaluate_), .sentence_zh = (zh_), .sentence_en = (en_)}

const struct rule key_rotated_rules[KEY_ROTATED_RULES] = {
    RULE("RG-031", "registry.key_of_another", organisation_says_it_itself, NULL,
         "机构只能轮换自己的密钥，且由本机构提交", "An organisation rotates its own keys, and says so itself."),
    RULE("RG-032", "registry.key_unknown", replaced_key_counts, NULL,
         "被替换的密钥须为本机构已登记且未失效的密钥", "What is replaced is a registered key that has not ended."),
    RULE("RG-033", "registry.key_id_taken", key_id_is_new, NULL,
         "密钥编号不得重复使用", "The id of a key is never used again."),
    RULE("RG-034", "registry.key_end_not_ahead", end_is_ahead, NULL,
         "旧密钥的失效时间须晚于当前时间，且不得延后", "The old key ends at a moment to come, not later than it would have."),
    RULE("RG-035", "registry.key_overlap", overlap_is_bounded, KEY_OVERLAP_DAYS,
         "新旧密钥并存不得超过规定天数，也不得中断", "Old and new key both count for less than the days of the policy, and never neither."),
    RULE("RG-036", "registry.key_not_fit", key_is_fit, NULL,
         "新密钥须为有效公钥，用途与旧密钥相同", "The new key is a proper public key for the same use, and not the old one."),
    RULE("RG-037", "registry.change_ahead", no_change_is_ahead, NULL,
         "登记方已登记将来生效的变更时，密钥须由登记方轮换", "Where a change of the registrar is still to begin, he rotates the key."),
};
/* clang-format on */

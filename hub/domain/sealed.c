#include "domain/sealed.h"

#include "seal/seal.h"

/* So many bytes of ciphertext are never all printable by chance: less than one in 10^13. */
enum { SURELY_TEXT_BYTES = 32 };

static struct bytes bytes_of_field(ProtobufCBinaryData field)
{
    return bytes_from(field.data, field.len);
}

static bool is_clear_text(struct bytes ciphertext)
{
    if (ciphertext.length < SURELY_TEXT_BYTES || !bytes_is_utf8(ciphertext))
        return false;
    for (size_t i = 0; i < ciphertext.length; i++)
        if (ciphertext.data[i] < ' ' || ciphertext.data[i] == 0x7f)
            return false;
    return true;
}

const char *sealed_wrong(const SealedValue *said, struct arena *arena)
{
    struct sealed sealed = {
        .suite = (enum seal_suite)said->suite,
        .key_id = said->key_id,
        .ephemeral_key = bytes_of_field(said->ephemeral_key),
        .ciphertext = bytes_of_field(said->ciphertext),
        .wraps = arena_take(arena, (said->n_wraps + 1) * sizeof *sealed.wraps),
    };
    if (sealed.wraps == NULL)
        return "memory";
    for (size_t i = 0; i < said->n_wraps; i++)
        sealed.wraps[sealed.wrap_count++] = (struct seal_wrap){
            said->wraps[i]->recipient, said->wraps[i]->key_id, bytes_of_field(said->wraps[i]->wrapped_key)};
    return is_clear_text(sealed.ciphertext) ? "clear_text" : seal_wrong(&sealed);
}

void sealed_identity_holds(struct rule_context *context, const SealedValue *identity, const char *region, date_t day)
{
    const char *wrong = identity == NULL ? NULL : sealed_wrong(identity, context->view->arena);
    if (wrong != NULL)
        rule_refuse_or_warn(context, region, day, "identity", wrong, "a value sealed for its recipients: see hub/seal");
}

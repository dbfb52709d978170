#include "domain/catalogue.h"

#include "base/hash.h"
#include "event/json.h"

#include <stdlib.h>

/* --- texts --- */

/* The next character of TEXT with spaces left out and wide forms (U+FF01 to U+FF5E) made narrow; 0 at the
 * end. Other characters come byte by byte, which is enough to compare. */
static uint32_t next_folded(const uint8_t **text)
{
    const uint8_t *at = *text;
    while (*at == ' ')
        at++;
    bool is_wide = at[0] == 0xEF && (at[1] == 0xBC || at[1] == 0xBD) && at[2] >= 0x80;
    uint32_t wide = is_wide ? (uint32_t)(at[1] - 0xBC) * 64 + (at[2] & 0x3F) : 0; /* from U+FF00 */
    if (wide >= 0x01 && wide <= 0x5E) {
        *text = at + 3;
        return wide + 0x20;
    }
    *text = at[0] == '\0' ? at : at + 1;
    return at[0];
}

/* A list that is printed again with other spaces or wide commas has not changed. */
static bool texts_differ(const char *a, const char *b)
{
    const uint8_t *left = (const uint8_t *)a, *right = (const uint8_t *)b;
    for (;;) {
        uint32_t in_left = next_folded(&left), in_right = next_folded(&right);
        if (in_left != in_right)
            return true;
        if (in_left == 0)
            return false;
    }
}

/* --- items --- */

static bool prices_differ(const Medhub__Common__V1__Price *a, const Medhub__Common__V1__Price *b)
{
    return (a == NULL) != (b == NULL) || (a != NULL && a->micro_yuan != b->micro_yuan);
}

static bool ratios_differ(const Medhub__Common__V1__Ratio *a, const Medhub__Common__V1__Ratio *b)
{
    return (a == NULL) != (b == NULL) || (a != NULL && a->e4 != b->e4);
}

static bool lists_differ(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    if (a_count != b_count)
        return true;
    for (size_t i = 0; i < a_count; i++)
        if (texts_differ(a[i], b[i]))
            return true;
    return false;
}

static bool payment_standards_differ(const CatalogueItem *a, const CatalogueItem *b)
{
    return prices_differ(a->payment_standard, b->payment_standard) ||
           texts_differ(a->payment_standard_text, b->payment_standard_text) ||
           a->payment_standard_confidential != b->payment_standard_confidential;
}

static bool limits_differ(const PaymentLimit *a, const PaymentLimit *b)
{
    if (a == NULL || b == NULL)
        return a != b;
    int64_t amount_a = a->amount == NULL ? 0 : a->amount->e4, amount_b = b->amount == NULL ? 0 : b->amount->e4;
    return a->sex != b->sex || a->age != b->age || a->insurance != b->insurance || a->care != b->care ||
           a->institution_level != b->institution_level || a->course_days != b->course_days ||
           amount_a != amount_b || lists_differ(a->diseases, a->n_diseases, b->diseases, b->n_diseases);
}

static bool agreements_differ(const CatalogueItem *a, const CatalogueItem *b)
{
    return strcmp(a->agreement_from, b->agreement_from) != 0 ||
           strcmp(a->agreement_until, b->agreement_until) != 0;
}

/* Protobuf writes the same message as the same bytes in the same pieces. */
struct hashed_message {
    ProtobufCBuffer base;
    uint64_t sum;
};

static void hash_piece(ProtobufCBuffer *buffer, size_t length, const uint8_t *data)
{
    struct hashed_message *hashed = (struct hashed_message *)buffer;
    hashed->sum = hash_bytes(bytes_from(data, length), hashed->sum);
}

/* The members of a choice lie at the same place: as any message. */
static uint64_t hash_of_details(const CatalogueItem *item)
{
    struct hashed_message hashed = {{hash_piece}, 0};
    if (item->details_case != DETAILS_NONE)
        (void)protobuf_c_message_pack_to_buffer((const ProtobufCMessage *)item->consumable, &hashed.base);
    return hashed.sum;
}

static bool details_differ(const CatalogueItem *a, const CatalogueItem *b)
{
    return a->details_case != b->details_case || hash_of_details(a) != hash_of_details(b);
}

static bool anything_else_differs(const CatalogueItem *a, const CatalogueItem *b)
{
    return texts_differ(a->dosage_form, b->dosage_form) || texts_differ(a->specification, b->specification) ||
           texts_differ(a->unit, b->unit) || texts_differ(a->maker, b->maker) ||
           texts_differ(a->approval_number, b->approval_number) || a->pay_class != b->pay_class ||
           a->nationally_protected != b->nationally_protected ||
           prices_differ(a->price_limit, b->price_limit) ||
           ratios_differ(a->self_pay_ratio, b->self_pay_ratio) ||
           lists_differ(a->aliases, a->n_aliases, b->aliases, b->n_aliases) ||
           texts_differ(a->supersedes, b->supersedes) || texts_differ(a->mapped_code, b->mapped_code) ||
           a->single_use_not_payable != b->single_use_not_payable || a->repeat_form != b->repeat_form ||
           texts_differ(a->prescriber_title, b->prescriber_title) || details_differ(a, b) ||
           lists_differ(a->permitted_institutions, a->n_permitted_institutions, b->permitted_institutions,
                        b->n_permitted_institutions);
}

change_set catalogue_difference(const CatalogueItem *before, const CatalogueItem *after)
{
    change_set changes = 0;
    if (texts_differ(before->name, after->name))
        changes |= change_bit(CHANGE_RENAMED);
    if (texts_differ(before->section, after->section))
        changes |= change_bit(CHANGE_SECTION_MOVED);
    if (texts_differ(before->class_code, after->class_code))
        changes |= change_bit(CHANGE_CATEGORY_MOVED);
    if (payment_standards_differ(before, after))
        changes |= change_bit(CHANGE_PAYMENT_STANDARD);
    if (texts_differ(before->limit_remark, after->limit_remark) || limits_differ(before->limit, after->limit))
        changes |= change_bit(CHANGE_LIMIT);
    if (agreements_differ(before, after))
        changes |= change_bit(CHANGE_VALIDITY);
    if (anything_else_differs(before, after))
        changes |= change_bit(CHANGE_OTHER);
    return changes;
}

/* --- names and digest --- */

/* Appends TEXT after SEPARATOR, which stands only between texts. */
static void join(struct buffer *buffer, const char *separator, const char *text)
{
    if (buffer->length > 0)
        buffer_append_text(buffer, separator);
    buffer_append_text(buffer, text);
}

enum { NAMES_BYTES_MAX = 512, ROW_TEXT_BYTES_MAX = 1024 * 1024 };

const char *catalogue_change_names(struct arena *arena, change_set changes)
{
    struct buffer buffer;
    buffer_init(&buffer, NAMES_BYTES_MAX);
    for (unsigned change = 1; change < 32; change++)
        if ((changes & change_bit((CatalogueChange)change)) != 0)
            join(&buffer, ", ", catalogue_change_name((CatalogueChange)change));
    const char *names = arena_text(arena, buffer_bytes(&buffer));
    buffer_done(&buffer);
    return names == NULL ? "" : names;
}

bool catalogue_row_digest(struct arena *arena, const ItemChanged *said, change_set changes, uint64_t *digest)
{
    const char *const texts[] = {said->item_key, said->region, said->effective_on, catalogue_change_names(arena, changes)};
    struct buffer row;
    struct fault ignored;
    buffer_init(&row, ROW_TEXT_BYTES_MAX);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buffer_append_text(&row, texts[i]);
        buffer_append_byte(&row, 0x1F);
    }
    bool ok = json_encode_canonical(schema_of(CATALOGUE_ITEM), &said->item->base, &row, &ignored) == STATUS_OK && buffer_ok(&row);
    *digest = hash_bytes(buffer_bytes(&row), 0);
    buffer_done(&row);
    return ok;
}

/* Which insurance codes a product has. The UDI database and the insurance code database each say so; they
 * must point to each other. Row of the product: codes. */
#include "domain/organisation.h"
#include "domain/span.h"
#include "domain/trace.h"

enum {
    CODE_CHARACTERS = 20
}; /* class, generic name, features, maker (udi 3.2); longer ones add the specification */

static bool is_same_code(const char *known, const char *billed)
{
    size_t length = strlen(known);
    return strcmp(known, billed) == 0 || (length >= CODE_CHARACTERS && strncmp(known, billed, length) == 0);
}

static struct span span_of(const ProductCode *code, LinkSide side)
{
    return side == LINK_OF_UDI
               ? (struct span){text_day(code->udi_from), text_day(code->udi_until)}
               : (struct span){text_day(code->insurance_from), text_day(code->insurance_until)};
}

static bool names_it(const ProductCode *code, LinkSide side, date_t date)
{
    struct span span = span_of(code, side);
    return span.from != DATE_NONE && span_covers(span, date);
}

bool product_code_holds(const ProductCodes *codes, const char *code, date_t date)
{
    for (size_t i = 0; codes != NULL && i < codes->n_codes; i++)
        if (is_same_code(codes->codes[i]->code, code) && (names_it(codes->codes[i], LINK_OF_UDI, date) ||
                                                          names_it(codes->codes[i], LINK_OF_INSURANCE, date)))
            return true;
    return false;
}

/* --- linked --- */

struct linking {
    const CodeLinked *said;
    ProductCodes *codes;      /* or NULL */
    ProductCode *known;       /* of this code, or NULL */
    const ProductCode *other; /* what the other side names instead, or NULL */
};

/* What the other side names on that day, if this code is not among it. */
static const ProductCode *named_instead(const ProductCodes *codes, const CodeLinked *said)
{
    LinkSide other_side = said->side == LINK_OF_UDI ? LINK_OF_INSURANCE : LINK_OF_UDI;
    date_t from = text_day(said->valid_from);
    const ProductCode *found = NULL;
    for (size_t i = 0; codes != NULL && i < codes->n_codes; i++) {
        if (!names_it(codes->codes[i], other_side, from))
            continue;
        if (strcmp(codes->codes[i]->code, said->insurance_code) == 0)
            return NULL;
        found = codes->codes[i];
    }
    return found;
}

void *code_link_prepare(struct view *view, const struct event *event)
{
    struct linking *linking = arena_take_zeroed(view->arena, sizeof *linking);
    if (linking == NULL)
        return NULL;
    linking->said = (const CodeLinked *)event->message;
    linking->codes = (ProductCodes *)view_state(view, PRODUCT_CODES, "codes");
    linking->other = named_instead(linking->codes, linking->said);
    for (size_t i = 0; linking->codes != NULL && i < linking->codes->n_codes; i++)
        if (strcmp(linking->codes->codes[i]->code, linking->said->insurance_code) == 0)
            linking->known = linking->codes->codes[i];
    return linking;
}

static void days_are_in_order(struct rule_context *context)
{
    const CodeLinked *said = ((const struct linking *)context->prepared)->said;
    struct span span = {text_day(said->valid_from), text_day(said->valid_until)};
    if (!span_is_ordered(span))
        rule_refuse(context, "validUntil", said->valid_until,
                    rule_text(context, "not before %s", said->valid_from));
}

/* A registrant fills in both. */
static void side_speaks_for_itself(struct rule_context *context)
{
    const CodeLinked *said = ((const struct linking *)context->prepared)->said;
    const char *source = context->event->attributes.source;
    const char *role = said->side == LINK_OF_UDI ? "udi_database" : "code_database";
    const Organisation *known = organisation_on(context->view, source, date_in_china(context->view->now_ms));
    if (known != NULL && known->kind != ORGANISATION_HUB_OPERATOR && !organisation_has_role(known, role) &&
        !organisation_has_role(known, "registrant"))
        rule_refuse(context, "side", source, rule_text(context, "%s or the registrant", role));
}

static void databases_point_to_each_other(struct rule_context *context)
{
    const struct linking *linking = context->prepared;
    const Organisation *known =
        organisation_on(context->view, context->event->attributes.source, date_in_china(context->view->now_ms));
    if (linking->other != NULL)
        rule_refuse_or_warn(context, known == NULL ? REGION_NATION : known->region, text_day(linking->said->valid_from), "insuranceCode",
                            linking->said->insurance_code,
                            rule_text(context, "%s, as the other database says", linking->other->code));
}

const struct rule code_linked_rules[CODE_LINKED_RULES] = {
    {
        .id = "TR-431",
        .code = "trace.link_dates_reversed",
        .document = SOURCE_GANSU_UDI,
        .clause = "唯一标识与医保编码对应",
        .evaluate = days_are_in_order,
        .sentence_zh = "关联截止日期不得早于起始日期",
        .sentence_en = "The last day of a link is not before the first.",
    },
    {
        .id = "TR-432",
        .code = "trace.link_of_the_other_side",
        .document = SOURCE_GANSU_UDI,
        .clause = "两库分别填报",
        .evaluate = side_speaks_for_itself,
        .sentence_zh = "标识数据库与医保编码数据库各报各的关联",
        .sentence_en = "Each database says what its own records name; a registrant fills in both.",
    },
    {
        .id = "TR-433",
        .code = "trace.codes_disagree",
        .document = SOURCE_GANSU_UDI,
        .clause = "两库数据一致",
        .parameter = "trace.codes_disagree.refuse",
        .evaluate = databases_point_to_each_other,
        .sentence_zh = "唯一标识与医保编码须双向一致",
        .sentence_en = "UDI and insurance code point to each other.",
    },
};

static ProductCode *add_code(struct decision *decision, struct linking *linking)
{
    ProductCode *code = decision_message(decision, PRODUCT_CODE);
    ProductCodes *codes = linking->codes != NULL ? linking->codes : decision_message(decision, PRODUCT_CODES);
    ProductCode **list = codes == NULL ? NULL : decision_list(decision, codes->n_codes + 1);
    if (code == NULL || list == NULL)
        return NULL;
    if (codes->n_codes > 0)
        memcpy(list, codes->codes, codes->n_codes * sizeof *list);
    list[codes->n_codes++] = code;
    codes->codes = list;
    code->code = linking->said->insurance_code;
    linking->codes = codes;
    return code;
}

static void note_side(ProductCode *code, const CodeLinked *said)
{
    if (said->side == LINK_OF_UDI) {
        code->udi_from = said->valid_from;
        code->udi_until = said->valid_until;
    } else {
        code->insurance_from = said->valid_from;
        code->insurance_until = said->valid_until;
    }
}

static void state_mismatch(struct view *view, struct decision *decision, const struct linking *linking)
{
    CodeMismatched *fact = decision_message(decision, CODE_MISMATCHED);
    char day[DATE_TEXT_BYTES];
    if (fact == NULL)
        return;
    fact->product = linking->said->product;
    fact->insurance_code = linking->said->insurance_code;
    fact->side = linking->said->side;
    fact->other_code = linking->other->code;
    fact->found_on = arena_text(decision->arena, bytes_of(date_format(date_in_china(view->now_ms), day)));
    decision->failed |= fact->found_on == NULL;
    trace_tell_users(decision, decision_fact(decision, "medhub.trace.code_mismatched.v1",
                                             fact->insurance_code, &fact->base));
}

void code_link_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct linking *linking = prepared;
    ProductCode *code = linking->known != NULL ? linking->known : add_code(decision, linking);
    (void)event;
    if (code == NULL)
        return;
    note_side(code, linking->said);
    trace_tell_users(decision, decision_fact_of_event(decision));
    decision_write(decision, &linking->codes->base, "codes");
    if (linking->other != NULL)
        state_mismatch(view, decision, linking);
}

/* --- mismatched, as a database found it --- */

static void two_codes_are_named(struct rule_context *context)
{
    const CodeMismatched *said = (const CodeMismatched *)context->event->message;
    if (strcmp(said->insurance_code, said->other_code) == 0)
        rule_refuse(context, "otherCode", said->other_code, "another code than the one it is held against");
}

const struct rule code_mismatched_rules[CODE_MISMATCHED_RULES] = {
    {
        .id = "TR-441",
        .code = "trace.mismatch_of_one_code",
        .document = SOURCE_GANSU_UDI,
        .clause = "两库数据一致",
        .evaluate = two_codes_are_named,
        .sentence_zh = "不一致须涉及两个不同的编码",
        .sentence_en = "A mismatch is between two codes.",
    },
};

void code_mismatch_decide(struct view *view, const struct event *event, void *prepared,
                          struct decision *decision)
{
    (void)view, (void)event, (void)prepared;
    trace_tell_users(decision, decision_fact_of_event(decision));
}

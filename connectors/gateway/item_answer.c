#include "gateway/item_answer.h"

#include "base/calendar.h"
#include "base/money.h"
#include "domain/catalogue_lookup.h"
#include "event/json.h"
#include "flow/tables_view.h"
#include "gateway/writer.h"

static bool kind_named(const char *table, CatalogueKind *kind)
{
    for (unsigned i = 0; i < CATALOGUE_KIND_ENUM->n_values; i++) {
        *kind = (CatalogueKind)CATALOGUE_KIND_ENUM->values[i].value;
        if (*kind != 0 && strcmp(catalogue_kind_name(*kind), table) == 0)
            return true;
    }
    return false;
}

static void write_why(struct buffer *out, const struct catalogue_answer *answer, struct arena *arena)
{
    write_name(out, "why");
    write_begin(out, '[');
    for (size_t i = 0; i < answer->reason_count; i++) {
        const struct catalogue_reason_text *text = catalogue_reason_text(answer->reasons[i]);
        const char *why = arena_format(arena, "%s: %s / %s", text->name, text->zh, text->en);
        buffer_append_text(out, i == 0 ? "" : ",");
        json_append_text(out, bytes_of(why == NULL ? text->name : why));
    }
    write_end(out, ']');
}

static enum status write_item(struct buffer *out, const char *name, const CatalogueItem *item, struct fault *fault)
{
    if (item == NULL)
        return STATUS_OK;
    write_name(out, name);
    return json_encode(schema_of(CATALOGUE_ITEM), &item->base, NULL, out, fault);
}

static enum status write_answer(const struct item_question *asked, const struct catalogue_answer *answer, struct arena *arena,
                                struct buffer *out, struct fault *fault)
{
    char text[DATE_TEXT_BYTES + MONEY_TEXT_BYTES];

    write_begin(out, '{');
    write_text(out, "table", asked->table);
    write_text(out, "code", asked->code);
    write_text(out, "key", answer->key);
    write_text(out, "layer", catalogue_layer_name(answer->layer));
    write_text(out, "region", answer->region);
    write_text(out, "date", date_format(asked->date, text));
    write_text(out, "validFrom", date_format(answer->valid_from, text));
    write_text_if(out, "validUntil", date_format(answer->valid_until, text));
    write_unsigned(out, "version", answer->version);
    write_text_if(out, "release", answer->release);
    write_bool(out, "payable", answer->payable);
    if (answer->has_price_limit)
        write_text(out, "priceLimit", money_format(answer->price_limit_micro, 6, text));
    write_why(out, answer, arena);
    enum status status = write_item(out, "item", answer->item, fault);
    if (status == STATUS_OK)
        status = write_item(out, "formulary", answer->formulary, fault);
    write_end(out, '}');
    return status;
}

enum status item_answer(struct tables_reader *tables, const struct item_question *asked, int64_t now_ms, struct arena *arena,
                        struct buffer *out, bool *found, struct fault *fault)
{
    struct catalogue_question question = {.code = asked->code,
                                          .region = asked->region,
                                          .institution = asked->institution,
                                          .date = asked->date,
                                          .insurance_type = asked->insurance,
                                          .across_provinces = asked->across_provinces};
    struct catalogue_answer answer = {0};
    struct calendar *calendar = calendar_new();
    struct view view;

    *found = false;
    if (calendar == NULL)
        return fault_retry(fault, "memory.out", "no memory for a look-up");
    tables_view_init(&view, tables, arena, now_ms, calendar);
    if (kind_named(asked->table, &question.kind))
        catalogue_lookup(&view, &question, &answer);
    calendar_free(calendar);
    if (view.failed)
        return fault_retry(fault, "memory.out", "no memory for a look-up");
    *found = answer.item != NULL;
    return *found ? write_answer(asked, &answer, arena, out, fault) : STATUS_OK;
}

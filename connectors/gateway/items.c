/* items.c: GET /v1/items/{table}/{code}: a row of the catalogue as of a day, for a region or the next outer one. */
#include "base/date.h"
#include "domain/region.h"
#include "domain/view.h"
#include "event/json.h"
#include "event/unpack.h"
#include "gateway/house.h"
#include "gateway/writer.h"

#include "medhub/catalogue/v1/catalogue.pb-c.h"

struct looked_up {
    const char *table, *code;
    date_t date;
    struct region region; /* whose row it is */
    struct tables_row row;
};

static bool find(struct request *request, struct looked_up *item)
{
    const char *key = arena_format(request->arena, "%s/%s", item->table, item->code);

    if (key == NULL)
        return false;
    do
        if (tables_find(request->tables, TABLE_CATALOGUE, key, item->region.code, item->date, &item->row))
            return true;
    while (region_widen(&item->region));
    return false;
}

static enum status write_item(struct request *request, const struct looked_up *item, struct fault *fault)
{
    const struct message_facts *facts = schema_of(&medhub__catalogue__v1__item__descriptor);
    ProtobufCMessage *message = NULL;
    char day[DATE_TEXT_BYTES];
    struct buffer *out = answer_begin(request);

    enum status status = unpack_message(facts, item->row.value, request->arena, &message, fault);
    if (status != STATUS_OK)
        return status;
    write_begin(out, '{');
    write_text(out, "table", item->table);
    write_text(out, "code", item->code);
    write_text(out, "region", item->region.code);
    write_text(out, "date", date_format(item->date, day));
    write_text(out, "validFrom", date_format(item->row.valid_from, day));
    write_text_if(out, "validUntil", date_format(item->row.valid_until, day));
    write_unsigned(out, "version", item->row.version);
    write_name(out, "item");
    status = json_encode(facts, message, NULL, out, fault);
    write_end(out, '}');
    return status;
}

void item_handler(struct request *request)
{
    const char *date = request_query(request, "date"), *region = request_query(request, "region");
    struct fault fault = {0};
    struct looked_up item = {
        .table = request->match.values[0],
        .code = request->match.values[1],
        .date = date == NULL ? date_in_china(clock_now_ms(request->gateway->clock)) : date_parse(bytes_of(date)),
        .region = region_of(region == NULL ? request->caller.region : region),
    };

    if (!find(request, &item)) {
        answer_problem(request, 404, "item.unknown", NULL);
        return;
    }
    enum status status = write_item(request, &item, &fault);
    if (status == STATUS_OK)
        answer_finish(request, 200, JSON_TYPE);
    else
        answer_fault(request, STATUS_RETRY, 503, &fault);
}
